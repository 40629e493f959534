/** No action beyond the budget of its service or of the stack, counted by itself. */
import type { ServiceName } from '../../model/ids.ts';
import { serviceOf } from '../../model/ids.ts';
import type { LogRecord, PlannedAction } from '../../model/record.ts';
import type { KnownIncident } from '../ledger.ts';
import type { Checker, Scene } from '../scene.ts';

/** What a dependency tore down may be started again without cost for so long. */
const afterEffectMs = 11_000;

export class BudgetChecker implements Checker {
  readonly name = 'budget';
  readonly #scene: Scene;
  #acts = new Map<ServiceName, number[]>();
  #stackActs: number[] = [];
  /** Slow tries that were used, by incident and target. */
  #slowTries = new Map<string, number>();
  /** Changes of primary whose former one has not rejoined yet. */
  #changes = new Map<ServiceName, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  reborn(): void {
    this.#acts = new Map();
    this.#stackActs = [];
    this.#slowTries = new Map();
    this.#changes = new Map();
  }

  record(record: LogRecord): void {
    if (record.kind === 'reset') this.#reset(record.target);
    const begun = this.#scene.begun(record);
    if (begun?.incident == null) return;
    const { planned, incident, spared, at } = begun;
    const { kind, target } = planned;
    if (kind === 'wait' || kind === 'ask-person' || kind === 'put-back') return;
    const changes = this.#changes.get(serviceOf(target) ?? '') ?? 0;
    if (kind === 'fail-over') this.#changes.set(serviceOf(target) ?? '', changes + 1);
    // Part of the change of primary before it.
    if (kind === 'rejoin' && spared && changes > 0) {
      this.#changes.set(serviceOf(target) ?? '', changes - 1);
      return;
    }
    if (spared && this.#mayBeSpared(planned, incident)) return;
    this.#count(planned, at, incident.consented && this.#isDestructive(planned));
  }

  /** Who consented to it wants it done, whatever was done before. */
  #isDestructive(planned: PlannedAction): boolean {
    const actions = this.#scene.serviceOf(planned.target)?.actions ?? [];
    return actions.some((one) => one.name === planned.name && one.destructive);
  }

  #count(planned: PlannedAction, at: number, free: boolean): void {
    const service = this.#scene.serviceOf(planned.target);
    if (service === null) return;
    const { count, windowMs } = service.recovery.budget;
    const acts = [...(this.#acts.get(service.name) ?? []).filter((t) => t > at - windowMs), at];
    this.#acts.set(service.name, acts);
    const what = `${planned.kind} ${planned.target}`;
    if (acts.length > count && !free)
      this.#scene.complain(this.name, `${what} is action ${acts.length} of ${count}`);
    const stack = this.#scene.spec.recovery.budget;
    this.#stackActs = [...this.#stackActs.filter((t) => t > at - stack.windowMs), at];
    const total = this.#stackActs.length;
    if (total > stack.count && !free)
      this.#scene.complain(this.name, `${what} is action ${total} of the stack's ${stack.count}`);
  }

  #mayBeSpared(planned: PlannedAction, incident: KnownIncident): boolean {
    const key = `${incident.id} ${planned.target}`;
    const used = this.#slowTries.get(key) ?? 0;
    if (used < incident.slowTries) {
      this.#slowTries.set(key, incident.slowTries);
      return true;
    }
    const service = serviceOf(planned.target);
    if (service === null) return false;
    if (this.#scene.ledger.instance(planned.target as `a/${number}`).held?.for === 'dependency')
      return true;
    return [...this.#scene.dependencies(service)].some((name) => this.#wasDown(name));
  }

  #wasDown(service: ServiceName): boolean {
    const { ledger } = this.#scene;
    return this.#scene.known(service).some((one) => {
      if (!this.#scene.answers(one)) return true;
      return one.downAt !== null && ledger.at - Math.max(one.downAt, one.since) <= afterEffectMs;
    });
  }

  #reset(target: string | null): void {
    if (target === null) this.#stackActs = [];
    if (target === null) this.#acts = new Map();
    else this.#acts.delete(serviceOf(target) ?? '');
  }
}
