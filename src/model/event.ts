/**
 * What the engine is told. Events come from the shell, one after the other; each carries the stack
 * time at which it was noticed and a random number, so that the engine needs neither clock nor
 * chance. Stack time: milliseconds since 1970, never going backward, not stepped with the wall
 * clock while the controller runs.
 */
import type { ErrorInfo } from './errors.ts';
import type { ExitInfo } from './exit.ts';
import type { Reign, RoleEvent } from './group.ts';
import type { ActionId, IncidentId, InstanceId, ServiceName } from './ids.ts';
import type { Knowledge } from './knowledge.ts';
import type { PointEvent, RestorePlan, RestoreTarget } from './recovery-point.ts';
import type { StackSpec } from './stack-spec.ts';
import type { FaultKind, Symptom } from './symptom.ts';

export interface EventBase {
  readonly at: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/** What a person may ask; the engine answers each with a `reply` command carrying `requestId`. */
export type PersonRequest =
  /** Everything in the stack file is wanted. `restartChanged`: what runs by an older definition of
   * itself is restarted, dependencies first. */
  | { readonly kind: 'up'; readonly restartChanged?: boolean }
  | { readonly kind: 'down' } // stop all, in reverse order; replied to when all are gone
  /** `stop` is replied to when all are gone; with `wait: false` at once, as the others always. */
  | {
      readonly kind: 'start' | 'stop' | 'restart';
      readonly target: ServiceName | InstanceId;
      readonly wait?: boolean;
    }
  /** Clears «needs a person», budgets and back-off; null: everywhere. */
  | { readonly kind: 'reset'; readonly target: ServiceName | InstanceId | null }
  /** Consent to, or refusal of, an action that a guard holds back. */
  | { readonly kind: 'approve' | 'reject'; readonly incident: IncidentId }
  /** The primary's role goes to a standby without breaking a transaction; null: to the most
   * advanced. */
  | {
      readonly kind: 'switchover';
      readonly service: ServiceName;
      readonly to: InstanceId | null;
      readonly limitMs: number;
    }
  /** The service's data goes back to what it was; whoever asks was shown the plan and consents. */
  | {
      readonly kind: 'restore';
      readonly service: ServiceName;
      readonly to: RestoreTarget;
      readonly plan: RestorePlan;
      readonly only: readonly string[];
      readonly identity: string | null;
    }
  /** What a restore put aside is removed, or takes its place again. */
  | { readonly kind: 'restore-confirm' | 'restore-undo'; readonly service: ServiceName }
  /** The service is watched and not acted on: for so long, or until it is healthy, whichever comes
   * first. `forMs` null: a day at most. A later one replaces what is left of an earlier one. */
  | {
      readonly kind: 'maintenance';
      readonly service: ServiceName;
      readonly forMs: number | null;
      readonly untilHealthy: boolean;
    }
  | { readonly kind: 'maintenance-end'; readonly service: ServiceName }
  /** A fault of this kind is about to be brought about on purpose; or that is over. */
  | { readonly kind: 'drill-begin'; readonly instance: InstanceId; readonly fault: FaultKind }
  | { readonly kind: 'drill-end'; readonly instance: InstanceId }
  /** What somebody did that is none of the engine's business, such as a login; it is only taken
   * down. */
  | { readonly kind: 'note'; readonly text: string }
  /** What was learned is replaced. */
  | { readonly kind: 'import-knowledge'; readonly knowledge: Knowledge }
  | { readonly kind: 'reset-knowledge' };

export type EngineEvent = EventBase &
  (
    | { readonly kind: 'configured'; readonly spec: StackSpec }
    /** The look after a start of the controller: what was found of each instance. */
    | {
        readonly kind: 'found';
        readonly instance: InstanceId;
        readonly running: boolean;
        readonly pid: number | null;
        readonly port: number | null;
        /** Of the run that is found, or of the one whose exit is told. */
        readonly startedAt: number | null;
        readonly exit: ExitInfo | null;
      }
    /** All instances were looked at: actions may begin. */
    | { readonly kind: 'looked' }
    | {
        readonly kind: 'started';
        readonly instance: InstanceId;
        readonly action: ActionId;
        readonly pid: number | null;
        readonly port: number | null;
      }
    | {
        readonly kind: 'start-failed';
        readonly instance: InstanceId;
        readonly action: ActionId;
        readonly error: ErrorInfo;
        readonly retryable: boolean;
        /** Its data was led by somebody else last, of which nothing is recorded. */
        readonly reign?: Reign;
      }
    /** The main process ended; members of its tree may still live. */
    | { readonly kind: 'exited'; readonly instance: InstanceId; readonly exit: ExitInfo }
    /** A `stop` command is done: no process of the instance is left. */
    | { readonly kind: 'stopped'; readonly instance: InstanceId; readonly action: ActionId }
    | {
        readonly kind: 'stop-failed';
        readonly instance: InstanceId;
        readonly action: ActionId;
        readonly error: ErrorInfo;
      }
    /** First passed check since its start; without a check: it has been up for a moment. */
    | { readonly kind: 'ready'; readonly instance: InstanceId }
    /** One failed check of a healthy instance: no symptom yet, but a reason to prefer others. */
    | { readonly kind: 'suspect'; readonly instance: InstanceId; readonly suspected: boolean }
    /** Answer to a `confirm` command: the instance's state by a check made just now. */
    | {
        readonly kind: 'confirmed';
        readonly instance: InstanceId;
        readonly healthy: boolean;
        readonly evidence: string;
      }
    | { readonly kind: 'symptom-began'; readonly symptom: Symptom }
    | { readonly kind: 'symptom-ended'; readonly id: Symptom['id'] }
    /** Somebody changed its program while it needs a person: it may be mended. */
    | { readonly kind: 'program-changed'; readonly instance: InstanceId }
    /** A `run` command (a user's action) is done. */
    | {
        readonly kind: 'action-finished';
        readonly action: ActionId;
        readonly ok: boolean;
        readonly error: ErrorInfo | null;
      }
    | { readonly kind: 'timer'; readonly timer: string }
    | {
        readonly kind: 'requested';
        readonly requestId: string;
        readonly by: string;
        readonly request: PersonRequest;
      }
    /** The store can't write (false), or can again (true). */
    | { readonly kind: 'store'; readonly writable: boolean; readonly reason: string }
    /** The controller slept (paused or starved): time-outs in this span prove nothing. */
    | { readonly kind: 'slept'; readonly ms: number }
    | RoleEvent
    | PointEvent
  );

/** An event as its source makes it, before the shell stamps it with time and chance. */
export type Happening = EngineEvent extends infer E
  ? E extends EngineEvent
    ? Omit<E, keyof EventBase>
    : never
  : never;
