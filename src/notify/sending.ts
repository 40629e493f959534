/** What every way of sending works with. */
import type { SecretSpec } from '../model/recovery-point.ts';
import type { Clock } from '../ports/clock.ts';

export interface Sending {
  readonly clock: Clock;
  /** Of this machine: two stacks of one name are told apart by it. */
  readonly host: string;
  /** Rejects with a message for people; `what` it is. */
  readonly secret: (spec: SecretSpec, what: string) => Promise<string>;
}

export interface Limits {
  readonly timeoutMs: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
}
