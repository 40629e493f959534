/** What people and machines are shown of a running stack; made by `src/engine/view.ts`. */
import type { GroupView, Role } from './group.ts';
import type { ComponentId, IncidentId, InstanceId, ServiceName } from './ids.ts';
import type { Cause, Outcome, PlannedAction } from './record.ts';
import type { RestoreStep } from './recovery-point.ts';
import type { DriverName, Mode } from './stack-spec.ts';
import type { Symptom } from './symptom.ts';

/**
 *   stopped ─▶ starting ─▶ running ─▶ ready ⇄ unhealthy
 *      ▲          │           │         │         │
 *      │          ▼           ▼         ▼         ▼
 *      ├────── held ◀──────── exited ◀──┴─────────┤
 *      └──────────────────────── stopping ◀───────┘
 */
export const instancePhases = [
  'stopped', // not wanted, not running
  'completed', // ended by itself, as it should
  'held', // wanted, but waiting: for a dependency, back-off, a person
  'starting',
  'running', // started, not ready yet
  'ready',
  'unhealthy', // runs, with symptoms
  'stopping',
  'exited',
] as const;

export type InstancePhase = (typeof instancePhases)[number];

export interface InstanceView {
  readonly id: InstanceId;
  readonly phase: InstancePhase;
  readonly pid: number | null;
  readonly port: number | null;
  /** Stack time of its start, or null. */
  readonly startedAt: number | null;
  /** Starts since the stack came up, without the first. */
  readonly restarts: number;
  /** Where its endpoint stands with it. */
  readonly routed: 'serving' | 'draining' | 'out';
  /** Why it is held or unhealthy, for a person; empty when all is well. */
  readonly note: string;
  readonly needsPerson: boolean;
  /** It runs by an older definition of itself; `up` restarts it. Absent: false. */
  readonly changed?: boolean;
  /** In a service with failover. */
  readonly role?: Role;
  /** `endpoint_read` leads to it. Absent: it doesn't. */
  readonly reads?: boolean;
  /** A cold standby, which is started when it is needed. Absent: false. */
  readonly spare?: boolean;
}

/** Watched, and not acted on; stack times. */
export interface MaintenanceView {
  readonly by: string;
  readonly since: number;
  /** It ends then at the latest. */
  readonly until: number;
  /** It ends as well once the service was not healthy and is so again. */
  readonly untilHealthy: boolean;
}

export interface ServiceView {
  readonly name: ServiceName;
  readonly driver: DriverName;
  readonly mode: Mode;
  readonly wanted: 'up' | 'down';
  readonly dependsOn: readonly ServiceName[];
  readonly endpoint: string | null;
  /** Leads to caught-up standbys. Absent: there is none. */
  readonly endpointRead?: string;
  readonly instances: readonly InstanceView[];
  /** Of a service with failover. */
  readonly group?: GroupView;
  /** Absent: it is not under maintenance. */
  readonly maintenance?: MaintenanceView;
  /** Recovery points are made of it. Absent: none are. */
  readonly hasPoints?: true;
  /** From the first step of a restore until what it put aside is removed or back in its place. */
  readonly restore?: RestoreView;
}

/** What goes through the endpoints of a service now. */
export interface TrafficView {
  readonly service: ServiceName;
  /** Per second; null: it is not `protocol: http`, or not known yet. */
  readonly requests: number | null;
  /** Open to its instances. */
  readonly connections: number;
}

export interface RestoreView {
  readonly step: RestoreStep;
  readonly state: 'asked' | 'begun' | 'done' | 'failed';
  /** The moment that the service goes back to; null: that is being found out. */
  readonly to: number | null;
}

export interface IncidentView {
  readonly id: IncidentId;
  readonly state: 'open' | 'acting' | 'verifying' | 'needs-person' | 'resolved';
  /** Stack times; null: not yet. Onset is when the first symptom began. */
  readonly onset: number;
  /** When its symptoms came back, the last time; `recovered` and `resolved` are then of that time.
   * Absent: they never did. */
  readonly returned?: number;
  readonly detected: number;
  readonly located: number | null;
  readonly acted: number | null;
  readonly recovered: number | null;
  readonly resolved: number | null;
  readonly symptoms: readonly (Symptom & { readonly ended: number | null })[];
  readonly causes: readonly Cause[];
  readonly unsure: boolean;
  readonly actions: readonly (PlannedAction & {
    readonly begun: number | null;
    readonly done: number | null;
    readonly outcome: Outcome | null;
    readonly error: string | null;
  })[];
  readonly component: ComponentId | null;
  readonly summary: string;
}

export interface StackView {
  readonly name: string;
  readonly file: string;
  readonly mode: Mode;
  readonly at: number;
  /** Sequence number of the last record in it. */
  readonly seq: number;
  /** The last record before this controller decided anything; absent where none runs. */
  readonly beganSeq?: number;
  readonly state: 'looking' | 'starting' | 'running' | 'stopping' | 'stopped';
  readonly storeWritable: boolean;
  readonly services: readonly ServiceView[];
  readonly openIncidents: readonly IncidentId[];
  /** Why its endpoints do not accept connections yet; absent or null: they do. */
  readonly endpointsClosed?: string | null;
}
