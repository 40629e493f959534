/** Which symptoms of an incident are seen to already, by what is under way or was decided. */
import { explains } from '../locate/locate.ts';
import { type ComponentId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { Symptom, SymptomKind } from '../model/symptom.ts';
import { effectMs } from './effect.ts';
import { locateInput } from './facts.ts';
import { dependenciesOf, isKilled } from './graph.ts';
import { answers } from './routing.ts';
import { type ActionState, type IncidentState, instancesOf, isHealth } from './state.ts';
import type { Turn } from './turn.ts';

/** After the cause came right, its effects get this long to follow. */
export const followMs = 5_000;

/** Over once it is ready. */
const outages: readonly SymptomKind[] = ['exit', 'oom', 'start-failed'];

type Entry = IncidentState['symptoms'][number];

/** The symptoms that nothing is done about yet. */
export function untreated(
  turn: Turn,
  incident: IncidentState,
  active: readonly Entry[],
): Symptom[] {
  const treatments = new Treatments(turn, incident);
  const open = active.filter((entry) => !treatments.cover(entry)).map((entry) => entry.symptom);
  lookAgain(turn, incident, treatments.until);
  return open;
}

/** Nothing else tells that what should have followed by then did not. */
function lookAgain(turn: Turn, { id }: IncidentState, at: number): void {
  const recheck = `recheck:${id}`;
  if (at < (turn.state.timers[recheck] ?? Number.POSITIVE_INFINITY)) turn.setTimer(recheck, at);
}

/** The actions of an incident that are not judged yet, by where they are; answers are kept, as many
 * symptoms of one cause are alike. */
class Treatments {
  readonly #turn: Turn;
  readonly #needs: ReadonlySet<ComponentId>;
  readonly #byTarget: Map<ComponentId, ActionState[]>;
  readonly #remedies: Map<ServiceName | null, ActionState[]>;
  readonly #dependencies = new Map<ServiceName, ReadonlySet<ServiceName>>();
  readonly #mends = new Map<string, boolean>();
  /** Until then what covers a symptom, having come right, counts; Infinity: nothing did. */
  until = Number.POSITIVE_INFINITY;

  constructor(turn: Turn, incident: IncidentState) {
    const actions = incident.actions.filter((one) => one.outcome === null);
    this.#turn = turn;
    this.#needs = new Set(incident.state === 'needs-person' ? incident.needs : []);
    this.#byTarget = Map.groupBy(actions, (one) => one.planned.target);
    this.#remedies = Map.groupBy(actions.filter(isRemedy), (one) => serviceOf(one.planned.target));
  }

  cover(entry: Entry): boolean {
    const { component } = entry.symptom;
    const gone = this.#turn.instance(component)?.phase === 'exited';
    // A person is asked about what runs; once that has ended, more may be done.
    if (this.#needs.has(component) && !gone) return true;
    const mine = this.#byTarget.get(component);
    if (mine?.some((action) => isMeant(action, entry) && !(gone && isWait(action)))) return true;
    if (this.#comesUp(entry.symptom)) return true;
    const service = serviceOf(component);
    if (service === null) return false;
    // A process that is gone has to be held or started for itself.
    if (gone) return false;
    return [...this.#dependenciesOf(service)].some((name) =>
      this.#remedies.get(name)?.some((action) => this.#mendsCause(action, entry.symptom)),
    );
  }

  /** It runs again, whoever started it: whether it becomes ready is still to be seen. */
  #comesUp({ kind, component }: Symptom): boolean {
    const instance = this.#turn.instance(component);
    if (instance?.phase !== 'running' || !outages.includes(kind)) return false;
    const spec = this.#turn.state.services[instance.service]?.spec;
    const until = (instance.startedAt ?? 0) + effectMs(spec);
    if (this.#turn.at >= until) return false;
    this.until = Math.min(this.until, until);
    return true;
  }

  #dependenciesOf(service: ServiceName): ReadonlySet<ServiceName> {
    const known = this.#dependencies.get(service);
    if (known !== undefined) return known;
    const found = dependenciesOf(this.#turn.state, service);
    this.#dependencies.set(service, found);
    return found;
  }

  #mendsCause(action: ActionState, symptom: Symptom): boolean {
    const alike = [serviceOf(symptom.component), symptom.kind, ...symptom.faults].join(' ');
    const key = `${action.planned.action} ${alike} ${isKilled(this.#turn.state, symptom)}`;
    const known = this.#mends.get(key);
    if (known !== undefined) return known;
    const until = coversUntil(this.#turn, action, symptom);
    const mends = this.#turn.at < until && mendsCause(this.#turn, action, symptom);
    this.#mends.set(key, mends);
    if (mends) this.until = Math.min(this.until, until);
    return mends;
  }
}

/** Being told of, or only thought of, answers what was known then, also when that comes back; a
 * remedy answers all. */
function isMeant(action: ActionState, entry: Entry): boolean {
  // The role is with another: whoever had it is a case of its own.
  if (action.planned.kind === 'fail-over' && action.done !== null) return false;
  if (isRemedy(action) || isWait(action) || entry.joined <= action.seq) return true;
  return action.planned.about?.includes(entry.symptom.id) === true;
}

function isWait({ planned }: ActionState): boolean {
  return planned.kind === 'wait';
}

/** It does, or will do, something about a fault. */
export function isRemedy({ planned }: Pick<ActionState, 'planned'>): boolean {
  return !planned.wouldOnly && planned.kind !== 'wait' && planned.kind !== 'ask-person';
}

/** What a dependency that came right brought about may follow for a moment, and then has to be
 * seen to have followed. */
function coversUntil(turn: Turn, { planned, done }: ActionState, symptom: Symptom): number {
  const takesMs = followMs + answerMs(turn, symptom);
  // Whoever has the role now shows by itself what is wrong with it.
  if (planned.kind === 'fail-over' && done !== null) return done + takesMs;
  const cause = turn.instance(planned.target);
  const right = cause !== undefined && answers(turn.state, cause) && cause.readyAt !== null;
  if (!right) return Number.POSITIVE_INFINITY;
  return (cause.readyAt ?? 0) + takesMs;
}

/** When a dependency of the symptom's component that came right has had its time to show there; 0:
 * none did. */
export function followsUntil(turn: Turn, symptom: Symptom): number {
  const { state } = turn;
  const service = serviceOf(symptom.component);
  if (service === null) return 0;
  const takesMs = followMs + answerMs(turn, symptom);
  const times = [...dependenciesOf(state, service)].flatMap((name) =>
    instancesOf(state, name).flatMap((one) =>
      one.readyAt !== null && answers(state, one) ? [one.readyAt + takesMs] : [],
    ),
  );
  return Math.max(0, ...times);
}

/** So long after something changed, a check that began since has answered. */
function answerMs(turn: Turn, { id, component }: Symptom): number {
  const check = turn.state.services[serviceOf(component) ?? '']?.spec.healthcheck ?? null;
  return check === null || !isHealth(id) ? 0 : check.intervalMs + check.timeoutMs;
}

/** It is about a dependency whose fault explains the symptom. */
function mendsCause(turn: Turn, action: ActionState, symptom: Symptom): boolean {
  const { target } = action.planned;
  if (turn.instance(target) === undefined || action.fault === null) return false;
  const seen = { symptom, killed: isKilled(turn.state, symptom) };
  const fault = { component: target, kind: action.fault };
  return explains(locateInput(turn.state, [symptom], turn.at), fault, seen);
}
