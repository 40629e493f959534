/**
 * A service of which one instance is primary: its roles, and what is said about them between engine
 * and shell. The rules F1 to F7 that keep data safe are in `docs/internals/failover.md`.
 *
 * - An epoch is the reign of one primary. It only grows; what carries an old one is refused (F6).
 * - Fenced: the instance's whole tree is dead, and a durable mark in its data keeps it from being
 *   primary until an order that names it lifts that (F1, F2).
 * - Eligible: a standby that is known to have every acknowledged write (F3, F4).
 */
import type { ErrorInfo } from './errors.ts';
import type { ActionId, InstanceId, ServiceName } from './ids.ts';

export type Role = 'primary' | 'standby';

/** What an instance is to be, and the group around it. Idempotent; refused when its epoch is older
 * than one that the instance's data has seen. */
export interface RoleOrder {
  readonly role: Role;
  /** From 1. */
  readonly epoch: number;
  /** Of this epoch. Equal to the instance itself when `role` is primary. */
  readonly primary: InstanceId;
  /** Standbys that the primary waits for before it acknowledges (synchronous durability). */
  readonly eligible: readonly InstanceId[];
  /** Of a standby: what data it has is damaged, and is copied afresh. */
  readonly fresh?: true;
}

/** How far a standby's copy reaches. Bytes of the log as decimal text: they exceed 2⁵³. */
export interface ReplicaPosition {
  /** Of the data's origin: copies of one origin share it. */
  readonly systemId: string;
  readonly timeline: number;
  /** greatest(received, replayed), after the replay of what is there locally has ended. */
  readonly position: string;
}

/** Who was primary, and in which epoch. */
export interface Reign {
  readonly epoch: number;
  readonly primary: InstanceId;
}

/** What a look at an instance's role found. */
export interface RoleSeen {
  readonly role: Role;
  /** That its data has seen last; null: none yet. */
  readonly epoch: number | null;
  /** Of a primary: each standby that streams from it now. */
  readonly standbys: readonly {
    readonly instance: InstanceId;
    /** Its writes are waited for. */
    readonly synchronous: boolean;
    readonly lagBytes: number;
  }[];
  /** Of a standby: whether it receives from a primary now, and replays that. */
  readonly streaming: boolean;
  /** Of a standby: who replays what is received is stopped. */
  readonly stuck?: boolean;
  /** Number of the last transaction that wrote something and has ended, as it knows it; absent: it
   * can't tell. */
  readonly transactions?: number;
  /** Of a primary: how many such transactions others lacked, each as last seen. */
  readonly lacks?: readonly { readonly instance: InstanceId; readonly transactions: number }[];
}

/** Steps that the shell carries out at one instance, each ended by a `role-done` event. */
export type RoleStep =
  /** Cut its connections, end its whole tree, leave the durable mark (F1, F2). */
  | 'fence'
  /** Become primary: durable order, promotion, a write that succeeded (F2, F7). */
  | 'promote'
  /** A running standby turns to the primary of this epoch. */
  | 'follow'
  /** The primary acknowledges with exactly the eligible ones of the order (F4). */
  | 'set-eligible'
  /** Done when the standby is known to have every acknowledged write (F4). The order's eligible
   * ones are those that the primary shall wait for from now on, this one among them. */
  | 'admit';

export type RoleCommand =
  | {
      readonly kind: 'role';
      readonly step: RoleStep;
      readonly instance: InstanceId;
      readonly action: ActionId;
      readonly order: RoleOrder;
      /** For `fence`: it may end in order, so that its standbys receive everything (switchover). */
      readonly orderly?: boolean;
    }
  /** Asks each how far its copy reaches (F3); each is answered by one `position` event. */
  | {
      readonly kind: 'survey';
      readonly service: ServiceName;
      readonly instances: readonly InstanceId[];
      readonly action: ActionId;
      readonly epoch: number;
      readonly timeoutMs: number;
    }
  /** New connections are held, transactions under way end, idle connections are closed. Ends with
   * `quiesced`. `release`: they lead to where the route says again. */
  | {
      readonly kind: 'quiesce';
      readonly service: ServiceName;
      readonly action: ActionId;
      readonly epoch: number;
      readonly limitMs: number;
    }
  | { readonly kind: 'release'; readonly service: ServiceName };

export type RoleEvent =
  | {
      readonly kind: 'role-done';
      readonly step: RoleStep;
      readonly instance: InstanceId;
      readonly action: ActionId;
      readonly epoch: number;
      /** Null: done. */
      readonly error: ErrorInfo | null;
    }
  | {
      readonly kind: 'position';
      readonly instance: InstanceId;
      readonly action: ActionId;
      readonly epoch: number;
      /** Null: it could not be had, and why. */
      readonly position: ReplicaPosition | null;
      readonly error: ErrorInfo | null;
    }
  | {
      readonly kind: 'quiesced';
      readonly service: ServiceName;
      readonly action: ActionId;
      /** Connections that were still in a transaction when the limit was over; 0: all ended. */
      readonly busy: number;
    }
  /** Told whenever it differs from what was told last. */
  | { readonly kind: 'role-seen'; readonly instance: InstanceId; readonly seen: RoleSeen };

/** What the log keeps of a group; the state of a group is the fold of these. */
export type GroupRecord =
  /** F7: one durable record: the epoch, its primary, and the eligible ones without the old
   * primary. Decided once; after a crash it is completed, never decided anew. */
  | {
      readonly kind: 'primary-chosen';
      readonly service: ServiceName;
      readonly epoch: number;
      readonly primary: InstanceId;
      readonly eligible: readonly InstanceId[];
      readonly action: ActionId | null;
      /** In one sentence, with the rule that made it wait or act. */
      readonly reason: string;
    }
  /** It serves: a write through it succeeded. */
  | {
      readonly kind: 'primary-serves';
      readonly service: ServiceName;
      readonly epoch: number;
      readonly instance: InstanceId;
    }
  /** F4: durable before the primary may acknowledge without those that left. */
  | {
      readonly kind: 'eligible-changed';
      readonly service: ServiceName;
      readonly epoch: number;
      readonly eligible: readonly InstanceId[];
      readonly reason: string;
    }
  /** A role step was begun, or ended. */
  | {
      readonly kind: 'role-step';
      readonly service: ServiceName;
      readonly instance: InstanceId;
      readonly step: RoleStep | 'survey' | 'quiesce';
      readonly action: ActionId;
      readonly epoch: number;
      readonly state: 'begun' | 'done' | 'failed';
      readonly error: ErrorInfo | null;
    }
  | {
      readonly kind: 'position-told';
      readonly service: ServiceName;
      readonly instance: InstanceId;
      readonly epoch: number;
      readonly position: ReplicaPosition | null;
    }
  | {
      readonly kind: 'role-seen';
      readonly service: ServiceName;
      readonly instance: InstanceId;
      readonly seen: RoleSeen;
    };

/** What people are shown of a group. */
export interface GroupView {
  readonly epoch: number;
  readonly primary: InstanceId | null;
  readonly eligible: readonly InstanceId[];
  /** `steady`, or the step under way. */
  readonly stage: 'new' | 'steady' | 'fencing' | 'choosing' | 'promoting' | 'quiescing' | 'waiting';
  /** Why it waits, naming the rule; empty: it doesn't. */
  readonly note: string;
}
