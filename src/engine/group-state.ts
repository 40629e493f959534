/** What is known of a service with failover: the fold of its group records. */
import type { ReplicaPosition, RoleSeen, RoleStep } from '../model/group.ts';
import type { ActionId, InstanceId } from '../model/ids.ts';

/** A change of the primary, from its first step until another is chosen or it is given up. */
export interface ChangeState {
  action: ActionId;
  /** The primary that ceases to be one. */
  from: InstanceId;
  /** Whether its connections were asked to end (switchover only). */
  quiesce: 'no' | 'begun' | 'done';
  begunAt: number;
  fenced: boolean;
  /** Standbys asked how far they reach, and what they told; null: they could not. */
  asked: InstanceId[];
  positions: Record<InstanceId, ReplicaPosition | null>;
  /** When the first of them told a position. */
  toldAt: number | null;
}

/** The latest step of its kind at one instance in this epoch. */
export interface StepState {
  step: RoleStep;
  instance: InstanceId;
  action: ActionId;
  state: 'begun' | 'done' | 'failed';
  at: number;
  /** The eligible ones that its order named. */
  eligible: InstanceId[];
  /** In a row. */
  failures: number;
  error: string | null;
}

export interface GroupState {
  /** 0: no primary was chosen yet. */
  epoch: number;
  primary: InstanceId | null;
  eligible: InstanceId[];
  chosenAt: number;
  /** When a write through the primary of this epoch first succeeded; null: not yet. */
  servedAt: number | null;
  /** What chose this epoch's primary. */
  action: ActionId | null;
  /** The one before failed; else a person wanted another one. */
  failed: boolean;
  /** The primary before; it comes back as a standby. */
  former: InstanceId | null;
  /** Whom the primary waits for before it acknowledges, as it was told last; null: not known. */
  told: InstanceId[] | null;
  change: ChangeState | null;
  /** Connections of the primary did not end in their time, so that nothing was changed; the last
   * time. Absent: never. */
  busy?: { action: ActionId; at: number; tries: number; why: string };
  /** By «STEP INSTANCE». */
  steps: Record<string, StepState>;
  /** The epoch of the latest order that each was given. */
  orders: Record<InstanceId, number>;
  seen: Record<InstanceId, { at: number; seen: RoleSeen }>;
  /** When each became eligible; and when it ceased to be. */
  since: Record<InstanceId, number>;
  left: Record<InstanceId, number>;
  /** The last time that writes may have waited: for a standby that left, or for a new primary. */
  waited: { since: number; until: number | null };
}

export function newGroup(): GroupState {
  return {
    epoch: 0,
    primary: null,
    eligible: [],
    chosenAt: 0,
    servedAt: null,
    action: null,
    failed: false,
    former: null,
    told: null,
    change: null,
    steps: {},
    orders: {},
    seen: {},
    since: {},
    left: {},
    waited: { since: 0, until: 0 },
  };
}
