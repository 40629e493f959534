/**
 * What the engine knows: plain data that JSON can hold, so that a snapshot is `JSON.stringify`.
 *
 * 1. It is the fold of the records: only `apply` changes it.
 * 2. No object occurs in it twice in a way that matters: a snapshot read back behaves the same.
 * 3. It grows with what happened, within bounds, never with time.
 */
import { noKnowledge } from '../learn/lessons.ts';
import type { PersonRequest } from '../model/event.ts';
import type { ExitInfo } from '../model/exit.ts';
import type { Reign } from '../model/group.ts';
import type { ActionId, ComponentId, IncidentId, InstanceId, ServiceName } from '../model/ids.ts';
import type { Knowledge } from '../model/knowledge.ts';
import type { Cause, Outcome, PlannedAction } from '../model/record.ts';
import type { ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import type { FaultKind, Symptom } from '../model/symptom.ts';
import type { IncidentView, InstancePhase, MaintenanceView } from '../model/view.ts';
import type { GroupState } from './group-state.ts';
import type { PointsState, RestoreState } from './restore-state.ts';

/** Resolved incidents that are kept; the oldest is forgotten first. */
export const resolvedKept = 200;
/** Symptoms that return within this time after a resolution belong to the same incident. */
export const reopenWithinMs = 600_000;
/** Actions of one incident that are kept; those not judged yet always are. */
export const actionsKept = 50;

export type Hold = 'dependency' | 'back-off' | 'person' | 'observe';

export interface InstanceState {
  id: InstanceId;
  service: ServiceName;
  wanted: 'up' | 'down';
  /** `unhealthy` is never stored: it is `ready` with symptoms. */
  phase: Exclude<InstancePhase, 'unhealthy'>;
  /** The start or stop under way. */
  action: ActionId | null;
  /** What follows when the stop under way is done. */
  next: 'start' | null;
  pid: number | null;
  port: number | null;
  /** When its latest start was decided, or what was found running began. */
  startingAt: number | null;
  startedAt: number | null;
  readyAt: number | null;
  /** When it last became ready, also in an earlier run; null: it never did. */
  wasReadyAt: number | null;
  /** When a person last wanted it tried afresh; null: never. */
  afreshAt: number | null;
  /** From start to ready, the last time; null: not yet known. */
  startTookMs: number | null;
  /** When it last ceased to serve by a fault of its own. */
  downAt: number | null;
  /** When it last ceased to fail its checks; null: it never did. */
  failedUntil: number | null;
  suspected: boolean;
  takenOut: boolean;
  hurry: boolean;
  confirmed: { at: number; healthy: boolean; evidence: string } | null;
  hold: Hold | null;
  note: string;
  until: number | null;
  exit: ExitInfo | null;
  /** Why its last start failed before the program ran. */
  startError: { message: string; retryable: boolean; reign?: Reign } | null;
  /** Ids of the symptoms that hold now. */
  symptoms: string[];
  starts: number;
  /** Starts in a row that did not last; the measure of back-off. */
  tries: number;
  /** Its definition changed since it was started. */
  changed: boolean;
  /** A failing check was seen before its watch began anew: to be asked for again. */
  stale: boolean;
  /** Runs though it is not wanted (external, or only observed): left alone. */
  unasked: boolean;
  /** It could not be stopped, and may end of that yet. */
  stopFailed: boolean;
  /** Its latest exit was by a signal. */
  killed: boolean;
  /** Its data failed a check, and was not replaced since; absent: no. */
  damaged?: true;
  /** No longer in the stack file: forgotten once it is gone. */
  removed: boolean;
}

export interface ServiceState {
  spec: ServiceSpec;
  wanted: 'up' | 'down';
  instances: InstanceId[];
  dependents: ServiceName[];
  /** Times of actions that count against the budget, oldest first. */
  acts: number[];
  /** Restarts that a person asked for and that wait for their turn. */
  queue: ActionId[];
  removed: boolean;
  /** With failover, once something was recorded of it. */
  group?: GroupState;
  /** Until what it put aside is gone. */
  restore?: RestoreState;
  maintenance?: MaintenanceState;
}

/** `wasIll`: it was not healthy at some time since then. */
export interface MaintenanceState extends MaintenanceView {
  wasIll: boolean;
}

export interface ActionState {
  planned: PlannedAction;
  /** Number of the record that planned it; tells which symptoms it knew of. */
  seq: number;
  incident: IncidentId | null;
  fault: FaultKind | null;
  /** That was blamed for sure; absent: it was not. */
  sure?: boolean;
  /** Made although a person was needed. */
  slowTry?: boolean;
  /** The fault that its outcome was counted for. */
  taught?: FaultKind;
  /** What it had mended was killed again by a drill: that it failed proves nothing. */
  drilled?: true;
  begun: number | null;
  done: number | null;
  spared: boolean;
  outcome: Outcome | null;
  error: string | null;
}

export interface IncidentState {
  id: IncidentId;
  state: IncidentView['state'];
  onset: number;
  /** When it began again, the last time that it was reopened; absent: never. */
  returned?: number;
  detected: number;
  located: number | null;
  acted: number | null;
  recovered: number | null;
  resolved: number | null;
  /** `joined`: number of the record that made it part of the incident. */
  symptoms: { symptom: Symptom; joined: number; ended: number | null }[];
  causes: Cause[];
  unsure: boolean;
  actions: ActionState[];
  confirm: { waiting: InstanceId[]; until: number } | null;
  consent: boolean | null;
  /** Whether who was asked about a primary was told that somebody could take over; absent: nobody
   * was, or has asked for it in vain since. */
  offered?: boolean;
  /** People were told of it since it was opened or reopened. */
  told: boolean;
  /** Components that get one try although a person is needed for them. */
  slowTries: ComponentId[];
  /** Components for which a person is needed. */
  needs: ComponentId[];
  /** Faults that it has taught already, as `component fault`. */
  taught?: string[];
  summary: string;
}

export interface PendingRequest {
  by: string;
  request: PersonRequest;
  /** Came while instances were looked at; carried out afterwards. */
  deferred: boolean;
}

export interface EngineState {
  seq: number;
  at: number;
  stack: Omit<StackSpec, 'services'> | null;
  order: ServiceName[];
  services: Record<ServiceName, ServiceState>;
  instances: Record<InstanceId, InstanceState>;
  /** Instances that have, or may have, a process, without those that are left alone. */
  alive: number;
  wanted: 'up' | 'down';
  looking: boolean;
  /** When the present controller began. */
  begunAt: number;
  storeWritable: boolean;
  nextAction: number;
  nextIncident: number;
  timers: Record<string, number>;
  symptoms: Record<string, { symptom: Symptom; incident: IncidentId | null }>;
  incidents: Record<IncidentId, IncidentState>;
  open: IncidentId[];
  /** Oldest first. */
  resolved: IncidentId[];
  requests: Record<string, PendingRequest>;
  /** Actions planned and not yet judged: the incident each belongs to. */
  actions: Record<ActionId, IncidentId | null>;
  /** Those of them that a person asked for. */
  personal: Record<ActionId, ActionState>;
  /** Times of all actions that count against the stack's budget, oldest first. */
  acts: number[];
  knowledge: Knowledge;
  /** Running instances, and since when their time is not yet counted; `at`: that of all. */
  watched: { since: Record<InstanceId, number>; count: number; at: number };
  /** Drills under way; `ended`: nobody waits for it any more, but its incident is open. */
  /** Recovery points by service; Daruma's own state is `stateService`. */
  points: Record<ServiceName, PointsState>;
  drills: Record<InstanceId, { fault: FaultKind; at: number; seen: boolean; ended: boolean }>;
}

export function initialState(): EngineState {
  return {
    seq: 0,
    at: 0,
    stack: null,
    order: [],
    services: {},
    instances: {},
    alive: 0,
    wanted: 'down',
    looking: false,
    begunAt: 0,
    storeWritable: true,
    nextAction: 1,
    nextIncident: 1,
    timers: {},
    symptoms: {},
    incidents: {},
    open: [],
    resolved: [],
    requests: {},
    actions: {},
    personal: {},
    acts: [],
    knowledge: noKnowledge(),
    watched: { since: {}, count: 0, at: 0 },
    points: {},
    drills: {},
  };
}

/** When what is being mended now began: an incident that came back is told by each time. */
export function episodeOnset({ onset, returned }: IncidentState): number {
  return returned ?? onset;
}

/** A snapshot as the current version knows it: what an older one lacked gets its first value. */
export function revive(snapshot: Partial<EngineState>): EngineState {
  const state: EngineState = { ...initialState(), ...snapshot };
  for (const [id, instance] of Object.entries(state.instances)) {
    const first = newInstance(instance.id, instance.service);
    state.instances[id as InstanceId] = { ...first, ...instance };
  }
  state.alive = Object.values(state.instances).filter(isOurs).length;
  return state;
}

/** What most events look at comes first: it lies together in memory then. */
export function newInstance(id: InstanceId, service: ServiceName): InstanceState {
  return {
    id,
    service,
    phase: 'stopped',
    port: null,
    readyAt: null,
    suspected: false,
    takenOut: false,
    hurry: false,
    symptoms: [],
    confirmed: null,
    failedUntil: null,
    wanted: 'down',
    action: null,
    next: null,
    pid: null,
    startingAt: null,
    startedAt: null,
    wasReadyAt: null,
    afreshAt: null,
    startTookMs: null,
    downAt: null,
    hold: null,
    note: '',
    until: null,
    exit: null,
    startError: null,
    starts: 0,
    tries: 0,
    changed: false,
    stale: false,
    unasked: false,
    stopFailed: false,
    killed: false,
    removed: false,
  };
}

/** It has, or may have, a process. */
export function isAlive(instance: InstanceState): boolean {
  return isRunning(instance) || instance.phase === 'starting' || instance.phase === 'stopping';
}

/** It is to be stopped when it is no longer wanted. */
export function isOurs(instance: InstanceState): boolean {
  return isAlive(instance) && !instance.unasked;
}

/** It has a process that is meant to work. */
export function isRunning(instance: InstanceState): boolean {
  return instance.phase === 'running' || instance.phase === 'ready';
}

export function actionOf(state: EngineState, id: ActionId): ActionState | undefined {
  const incident = state.actions[id];
  if (incident === undefined) return undefined;
  if (incident === null) return state.personal[id];
  return state.incidents[incident]?.actions.find((action) => action.planned.action === id);
}

/** The instances of a service, none for an unknown one. */
export function instancesOf(state: EngineState, service: ServiceName): InstanceState[] {
  const found: InstanceState[] = [];
  for (const id of state.services[service]?.instances ?? []) {
    const instance = state.instances[id];
    if (instance !== undefined) found.push(instance);
  }
  return found;
}

/** A symptom that an instance's own checks bring about. */
export function isHealth(symptom: string): boolean {
  return symptom.endsWith('#health');
}

/** A log line alone is no fault, unless the user says which one it means. */
export function isWarning(symptom: Symptom | undefined): boolean {
  return symptom?.kind === 'log' && symptom.faults.length === 0;
}

/** It passed a check: that it failed one on request before says nothing any more. */
export function acquit(instance: InstanceState): void {
  if (instance.confirmed?.healthy === false) instance.confirmed = null;
}
