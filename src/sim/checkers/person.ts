/** A person is asked when nothing else is left, and not before; nobody waits for nothing. */
import { type InstanceId, isInstance, type ServiceName, serviceOf } from '../../model/ids.ts';
import type { LogRecord } from '../../model/record.ts';
import type { KnownAction, KnownInstance } from '../ledger.ts';
import { isObserved } from '../outsider.ts';
import type { Checker, Scene } from '../scene.ts';

/** Longest time between something known to be wrong and something being done about it. */
const silenceMs = 90_000;

export class PersonChecker implements Checker {
  readonly name = 'person';
  readonly #scene: Scene;
  #acts = new Map<ServiceName, number[]>();
  #stackActs: number[] = [];
  /** True time since when an instance is known to be unwell and nothing was done. */
  #idleSince = new Map<InstanceId, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  reborn(): void {
    this.#acts = new Map();
    this.#stackActs = [];
    this.#idleSince = new Map();
  }

  record(record: LogRecord): void {
    if ('instance' in record) this.#idleSince.delete(record.instance);
    if (record.kind === 'reset') this.#forget(record.target);
    if (record.kind === 'action-begun' && !record.spared) this.#countAct(record.action, record.at);
    if (record.kind !== 'incident-needs-person') return;
    const asked = [...this.#scene.ledger.actions.values()].findLast(
      (one) => one.incident === record.incident,
    );
    const target = asked?.planned.target ?? '';
    if (asked === undefined || !isInstance(target)) return;
    if (!this.#isAtAnEnd(target, record.at))
      this.#scene.complain(this.name, `a person is asked too early: ${record.reason}`);
  }

  /** Nothing is left that may be done without a person. */
  #isAtAnEnd(target: InstanceId, at: number): boolean {
    const service = this.#scene.serviceOf(target);
    if (service === null) return true;
    const { phase, startHopeless } = this.#scene.ledger.instance(target);
    // A full disk is freed by nobody else.
    if (this.#scene.ledger.symptomsAt(target).some((one) => one.kind === 'disk')) return true;
    if (startHopeless || (phase === 'exited' && service.restart.policy === 'no')) return true;
    const { count, windowMs } = service.recovery.budget;
    // A standby leaves the last one to its primary.
    const kept = service.failover !== undefined && count > 1 ? 1 : 0;
    if (within(this.#acts.get(service.name), at - windowMs) >= count - kept) return true;
    const stack = this.#scene.spec.recovery.budget;
    return within(this.#stackActs, at - stack.windowMs) >= stack.count;
  }

  #countAct(id: `a${number}`, at: number): void {
    const action = this.#scene.ledger.actions.get(id);
    const service = this.#scene.serviceOf(action?.planned.target ?? '');
    if (action === undefined || action.incident === null || service === null) return;
    this.#acts.set(service.name, [...(this.#acts.get(service.name) ?? []), at]);
    this.#stackActs.push(at);
  }

  #forget(target: string | null): void {
    if (target === null) this.#stackActs = [];
    for (const { name } of this.#scene.spec.services) {
      if (target === null || target === name || target.startsWith(`${name}/`))
        this.#acts.delete(name);
    }
  }

  /** Something is known to be wrong, and nothing is under way, held back, waited for or asked. */
  tick(): void {
    const { now } = this.#scene.world.timeline;
    for (const one of this.#scene.ledger.instances.values()) {
      if (!this.#isNeglected(one)) this.#idleSince.delete(one.id);
      else if (!this.#idleSince.has(one.id)) this.#idleSince.set(one.id, now);
      else if (now - (this.#idleSince.get(one.id) ?? now) > this.#patienceMs(one.id)) {
        this.#idleSince.delete(one.id);
        const what = `${one.id} is ${one.phase} and nothing is done about it`;
        this.#scene.complain(this.name, what, 'liveness');
      }
    }
  }

  #patienceMs(id: InstanceId): number {
    const check = this.#scene.serviceOf(id)?.healthcheck;
    return silenceMs + (check?.startPeriodMs ?? 0) + 4 * (check?.intervalMs ?? 0);
  }

  #isNeglected(one: KnownInstance): boolean {
    const { ledger, spec } = this.#scene;
    if (!one.wanted || one.held !== null) return false;
    const service = this.#scene.serviceOf(one.id);
    if (service !== null && isObserved(spec, service)) return false;
    if (ledger.maintained.has(serviceOf(one.id) ?? '')) return false;
    const unwell = one.phase === 'exited' || one.phase === 'out' || this.#scene.fails(one.id);
    if (!unwell || one.phase === 'starting' || one.phase === 'stopping') return false;
    const incidents = [...ledger.incidents.values()].filter(
      (incident) =>
        incident.state !== 'resolved' &&
        [...incident.symptoms].some((id) => id.startsWith(`${one.id}#`)),
    );
    if (incidents.some((incident) => incident.needs.has(one.id))) return false;
    const underWay = [...ledger.actions.values()].filter(
      ({ incident, outcome }) => incident !== null && outcome === null,
    );
    return !underWay.some(
      (action) =>
        this.#isWait(action, one) ||
        this.#mendsCause(action, one) ||
        this.#changesPrimary(action, one),
    );
  }

  /** Its service gets another primary, which may have to wait for the disk. */
  #changesPrimary({ planned, begunAt }: KnownAction, { id }: KnownInstance): boolean {
    const changes = planned.kind === 'fail-over' || planned.kind === 'rejoin';
    return changes && begunAt !== null && serviceOf(planned.target) === serviceOf(id);
  }

  #isWait({ planned }: KnownAction, { id }: KnownInstance): boolean {
    return planned.kind === 'wait' && planned.target === id;
  }

  /** What it depends on is being mended, and not well again yet: that may take its time. */
  #mendsCause({ planned, begunAt }: KnownAction, { id }: KnownInstance): boolean {
    const { kind, target } = planned;
    if (begunAt === null || (kind !== 'restart' && kind !== 'retry') || !isInstance(target))
      return false;
    const dependencies = this.#scene.dependencies(serviceOf(id) ?? '');
    const isOnItsWay = !this.#scene.answers(this.#scene.ledger.instance(target));
    return isOnItsWay && dependencies.has(serviceOf(target) ?? '');
  }
}

function within(times: readonly number[] | undefined, from: number): number {
  return (times ?? []).filter((time) => time > from).length;
}
