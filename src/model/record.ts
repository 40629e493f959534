/**
 * The event log: what happened and what was decided, one fact each. The engine's state is the fold
 * of the records and nothing else, so a record, once released, is never given another meaning: add
 * a kind, or an optional field.
 */
import type { ErrorInfo } from './errors.ts';
import type { PersonRequest } from './event.ts';
import type { ExitInfo } from './exit.ts';
import type { GroupRecord, Reign } from './group.ts';
import type { ActionId, ComponentId, IncidentId, InstanceId, ServiceName } from './ids.ts';
import type { Knowledge } from './knowledge.ts';
import type { PointRecord } from './recovery-point.ts';
import type { StackSpec } from './stack-spec.ts';
import type { FaultKind, Symptom } from './symptom.ts';

export interface Evidence {
  /** The symptom's id, or null for other evidence (a dependency's state, a recent change). */
  readonly symptom: string | null;
  readonly text: string;
  /** Speaks for the cause, or against it. */
  readonly supports: boolean;
  /** log₂ of how much likelier the observation is under this cause than under the others. */
  readonly bits: number;
}

export interface Cause {
  readonly component: ComponentId;
  readonly fault: FaultKind;
  /** P(cause | symptoms), 0 to 1. */
  readonly probability: number;
  /** Strongest first. */
  readonly evidence: readonly Evidence[];
  /** Proven faults of this kind at this service until then, drills among them; absent: none. */
  readonly cases?: number;
}

export type ActionKind =
  | 'start' // bring up what is wanted
  | 'stop' // a person's wish
  | 'restart'
  | 'retry' // the failed operation again
  | 'take-out' // no new connections
  | 'put-back'
  | 'fail-over' // the primary's role goes to a standby
  | 'switch-over' // the same on a person's wish, without breaking a transaction
  | 'rejoin' // a former primary, or a standby that fell out, follows again
  | 'restore' // the data goes back to a recovery point
  | 'run' // the user's own command
  | 'wait' // a dependency is being mended first
  | 'ask-person';

export interface PlannedAction {
  readonly action: ActionId;
  readonly kind: ActionKind;
  readonly target: ComponentId;
  /** Name of the user's action, for `run`. */
  readonly name: string | null;
  /** The decision in one sentence. */
  readonly reason: string;
  /** Observe mode or --dry-run: what would be done; nothing is. */
  readonly wouldOnly: boolean;
  /** Of an `ask-person` that only tells, and whose answer nobody waits for: ids of the symptoms
   * that it told of. Absent in records of older versions. */
  readonly about?: readonly string[];
  /** What else was weighed, best first, each with why it was not taken. */
  readonly considered: readonly {
    readonly kind: ActionKind;
    readonly target: ComponentId;
    readonly why: string;
  }[];
}

export type Outcome = 'verified' | 'failed' | 'unknown';

export type RecordBody =
  | GroupRecord
  | PointRecord
  | { readonly kind: 'configured'; readonly spec: StackSpec }
  /** Who wanted it: a person's name, or `daruma`. */
  | {
      readonly kind: 'wanted';
      readonly target: ServiceName | InstanceId | null;
      readonly wanted: 'up' | 'down';
      readonly by: string;
    }
  | { readonly kind: 'instance-starting'; readonly instance: InstanceId; readonly action: ActionId }
  | {
      readonly kind: 'instance-started';
      readonly instance: InstanceId;
      readonly action: ActionId;
      readonly pid: number | null;
      readonly port: number | null;
    }
  | {
      readonly kind: 'instance-adopted';
      readonly instance: InstanceId;
      readonly pid: number | null;
      readonly port: number | null;
      readonly startedAt: number | null;
    }
  | {
      readonly kind: 'instance-start-failed';
      readonly instance: InstanceId;
      readonly action: ActionId;
      readonly error: ErrorInfo;
      readonly retryable?: boolean;
      /** Its data was led by somebody else last, of which nothing is recorded. */
      readonly reign?: Reign;
    }
  | { readonly kind: 'instance-ready'; readonly instance: InstanceId }
  | {
      readonly kind: 'instance-suspect';
      readonly instance: InstanceId;
      readonly suspected: boolean;
    }
  | {
      readonly kind: 'instance-exited';
      readonly instance: InstanceId;
      readonly exit: ExitInfo;
      readonly expected: boolean;
    }
  | {
      readonly kind: 'instance-stopping';
      readonly instance: InstanceId;
      readonly action: ActionId;
      readonly hurry: boolean;
    }
  | { readonly kind: 'instance-stopped'; readonly instance: InstanceId; readonly action: ActionId }
  | {
      readonly kind: 'instance-stop-failed';
      readonly instance: InstanceId;
      readonly action: ActionId;
      readonly error: ErrorInfo;
    }
  /** Not (re)started for now, and why: a dependency, back-off until a time, a person. */
  | {
      readonly kind: 'instance-held';
      readonly instance: InstanceId;
      readonly reason: string;
      readonly until: number | null;
      /** What it waits for; absent in records of older versions. */
      readonly waitsFor?: 'dependency' | 'back-off' | 'person' | 'observe';
    }
  /** Their launchers that wait are ordered to start them by themselves, once, when they end: the
   * engine would do so whatever the end. Holds until it is carried out or withdrawn, until the
   * instance is stopped, and as long as the controller that gave it. */
  | { readonly kind: 'order-given'; readonly instances: readonly InstanceId[] }
  | {
      readonly kind: 'order-withdrawn';
      readonly instances: readonly InstanceId[];
      readonly reason: string;
    }
  /** Its dependencies' instances are asked to be checked now, before the incident is acted on. */
  | {
      readonly kind: 'confirm-asked';
      readonly incident: IncidentId;
      readonly instances: readonly InstanceId[];
      readonly until: number;
    }
  | {
      readonly kind: 'instance-confirmed';
      readonly instance: InstanceId;
      readonly healthy: boolean;
      readonly evidence: string;
    }
  | { readonly kind: 'symptom-began'; readonly symptom: Symptom }
  | { readonly kind: 'symptom-ended'; readonly id: string }
  | {
      readonly kind: 'incident-opened';
      readonly incident: IncidentId;
      readonly symptom: string;
      readonly onset: number;
    }
  | { readonly kind: 'incident-joined'; readonly incident: IncidentId; readonly symptom: string }
  | {
      readonly kind: 'incident-located';
      readonly incident: IncidentId;
      readonly causes: readonly Cause[] /** The best explanation is not sure enough. */;
      readonly unsure: boolean;
    }
  | {
      readonly kind: 'action-planned';
      readonly incident: IncidentId | null;
      readonly planned: PlannedAction;
    }
  /** `spared`: costs no budget (its failing dependency explains the exit). */
  | {
      readonly kind: 'action-begun';
      readonly incident: IncidentId | null;
      readonly action: ActionId;
      readonly spared: boolean;
    }
  /** The action's own command ended; whether it helped is `action-outcome`. */
  | {
      readonly kind: 'action-done';
      readonly incident: IncidentId | null;
      readonly action: ActionId;
      readonly error: ErrorInfo | null;
    }
  | {
      readonly kind: 'action-outcome';
      readonly incident: IncidentId | null;
      readonly action: ActionId;
      readonly outcome: Outcome;
      readonly reason: string;
    }
  | { readonly kind: 'incident-verifying'; readonly incident: IncidentId; readonly until: number }
  | {
      readonly kind: 'incident-needs-person';
      readonly incident: IncidentId;
      readonly reason: string;
      /** Of a primary: whether somebody could take over from it with a person's consent. */
      readonly offers?: boolean;
    }
  /** A person is still needed; one try is made all the same. */
  | {
      readonly kind: 'slow-try';
      readonly incident: IncidentId;
      /** Made at once, as the program of this instance was changed. */
      readonly changed?: InstanceId;
    }
  | {
      readonly kind: 'incident-resolved';
      readonly incident: IncidentId;
      readonly summary: string;
      /** It was found to be part of this one. */
      readonly into?: IncidentId;
    }
  /** The symptoms came back within ten minutes: the same incident. */
  | { readonly kind: 'incident-reopened'; readonly incident: IncidentId; readonly symptom: string }
  | {
      readonly kind: 'reset';
      readonly target: ServiceName | InstanceId | null;
      readonly by: string;
    }
  | {
      readonly kind: 'consent';
      readonly incident: IncidentId;
      readonly given: boolean;
      readonly by: string;
    }
  /** A fault is about to be brought about on purpose. */
  | {
      readonly kind: 'drill-began';
      readonly component: InstanceId;
      readonly fault: FaultKind;
      readonly by: string;
    }
  | { readonly kind: 'drill-ended'; readonly component: InstanceId }
  | { readonly kind: 'knowledge-imported'; readonly knowledge: Knowledge; readonly by: string }
  | { readonly kind: 'knowledge-reset'; readonly by: string }
  /** From now until then at the latest nothing is done to the service by itself. */
  | {
      readonly kind: 'maintenance-began';
      readonly service: ServiceName;
      readonly by: string;
      readonly until: number;
      /** Ends as well once it was not healthy and is so again. */
      readonly untilHealthy: boolean;
    }
  /** `by` null: by itself. */
  | {
      readonly kind: 'maintenance-ended';
      readonly service: ServiceName;
      readonly by: string | null;
      readonly reason: string;
    }
  | { readonly kind: 'timer-set'; readonly timer: string; readonly due: number }
  | { readonly kind: 'timer-cleared'; readonly timer: string }
  | {
      readonly kind: 'requested';
      readonly requestId: string;
      readonly by: string;
      readonly what: string;
      readonly request?: PersonRequest;
    }
  | { readonly kind: 'replied'; readonly requestId: string }
  | { readonly kind: 'looking' }
  | { readonly kind: 'looked' }
  | { readonly kind: 'store'; readonly writable: boolean; readonly reason: string }
  | { readonly kind: 'slept'; readonly ms: number };

export type LogRecord = { readonly at: number } & RecordBody;

/** What a record is about, as far as it says so. */
export interface Subject {
  readonly instance?: InstanceId;
  readonly service?: ServiceName;
  readonly incident?: IncidentId | null;
  readonly action?: ActionId | null;
}

/** For what looks at every record: to ask with `in` takes twice as long as to read. */
export function subjectOf(record: LogRecord): Subject {
  return record as Subject;
}

/** As kept in the store. `unrecorded`: done before it could be made durable. */
export interface StoredRecord {
  /** From 1, without gaps. */
  readonly seq: number;
  readonly record: LogRecord;
  readonly unrecorded: boolean;
}
