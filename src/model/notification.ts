/** How messages to people fare, as it is shown: without secrets. */
import type { ServiceName } from './ids.ts';
import type { Severity, Weekday } from './notify-spec.ts';

export interface NotificationTarget {
  readonly name: string;
  /** Such as `webhook (slack)`. */
  readonly kind: string;
  /** Such as `https://hooks.slack.com/…`. */
  readonly to: string;
  readonly minSeverity: Severity;
  /** Null: all. */
  readonly services: readonly ServiceName[] | null;
  /** None: it is told at any hour. */
  readonly quietHours: readonly QuietHours[];
  /** Incidents whose message is held back until quiet hours are over. */
  readonly held: number;
  /** Incidents whose message is under way. */
  readonly waiting: number;
  /** Null: nothing was sent yet. */
  readonly last: Delivery | null;
}

/** A span of them. */
export interface QuietHours {
  /** Days in a row on which they begin, first and last; null: every day. */
  readonly days: readonly (readonly [Weekday, Weekday])[] | null;
  /** Such as `22:00`. */
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
  readonly holdCritical: boolean;
  readonly quietNow: boolean;
}

export interface Delivery {
  readonly at: number;
  /** An incident, `test` or `summary`. */
  readonly of: string;
  /** Null: it arrived. */
  readonly error: string | null;
}

export interface TestedTarget {
  readonly target: string;
  /** Null: it arrived. */
  readonly error: string | null;
}
