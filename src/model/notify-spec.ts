/** Who is told of incidents, as the stack file says. No secret is in it but what the user wrote
 * into an address or a header. */
import type { CommandSpec } from './command-spec.ts';
import type { ServiceName } from './ids.ts';
import type { SecretSpec } from './recovery-point.ts';

export interface NotifySpec {
  readonly targets: readonly NotifyTarget[];
  /** A URL fetched each `intervalMs` while Daruma lives, so that others notice when it doesn't. */
  readonly heartbeat: { readonly url: string; readonly intervalMs: number } | null;
}

export type NotifyTarget = Addressed &
  (WebhookTarget | CommandTarget | EmailTarget | AlertmanagerTarget | PagerDutyTarget);

export type Severity = 'info' | 'warning' | 'critical';

interface Addressed {
  /** Unique in the stack. */
  readonly name: string;
  readonly minSeverity: Severity;
  /** Only incidents that touch one of these, or that are of no service; absent: all. */
  readonly services?: readonly ServiceName[];
  /** One or more, all of one time zone. They are never quiet all the time. */
  readonly quietHours?: readonly QuietHoursSpec[];
}

export interface WebhookTarget {
  readonly kind: 'webhook';
  readonly url: string | SecretSpec;
  readonly format: 'json' | 'slack' | 'feishu' | 'dingtalk' | 'wecom';
  readonly headers: Readonly<Record<string, string>>;
  /** Signs what is sent, as Standard Webhooks has it. */
  readonly secret?: SecretSpec;
}

export interface CommandTarget {
  readonly kind: 'command';
  readonly command: CommandSpec;
}

export interface EmailTarget {
  readonly kind: 'email';
  readonly host: string;
  readonly port: number;
  /** `tls`: from the first byte; `starttls`: before anything is said, else nothing is sent. */
  readonly security: 'starttls' | 'tls' | 'none';
  /** Absolute path of the certificates to trust instead of those of Node.js. */
  readonly caFile: string | null;
  readonly login: { readonly user: string; readonly password: SecretSpec } | null;
  readonly from: string;
  readonly to: readonly string[];
}

export interface AlertmanagerTarget {
  readonly kind: 'alertmanager';
  /** Without `/api/v2/alerts`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Besides those that every alert has. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface PagerDutyTarget {
  readonly kind: 'pagerduty';
  /** Without `/v2/enqueue`. */
  readonly url: string;
  readonly routingKey: SecretSpec;
}

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** A span of them, by the clock on the wall there. */
export interface QuietHoursSpec {
  /** On which they begin; absent: every day. */
  readonly days?: readonly Weekday[];
  /** Minutes after midnight, 0 to 1439; `from` after `to`: over midnight. They differ. */
  readonly fromMinute: number;
  /** Up to 1440, which is midnight. */
  readonly toMinute: number;
  /** Of the IANA database, such as `Europe/Berlin`. */
  readonly timeZone: string;
  /** What is critical is held back too. */
  readonly holdCritical: boolean;
}
