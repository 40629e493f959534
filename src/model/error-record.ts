/** One distinct error, however often it happened. */
import type { ErrorTrend } from './error-trend.ts';
import type { Role } from './group.ts';
import type { HostName, IncidentId, InstanceId, ServiceName } from './ids.ts';

export interface ErrorOrigin {
  readonly service: ServiceName | null;
  readonly instance: InstanceId | null;
  readonly host: HostName;
  /** What the instance was at that time; absent: its service has no roles, or it had none yet. */
  readonly role?: Role;
}

/** One happening, as reported by exits, checks, actions, log patterns and applications. */
export interface ErrorReport {
  readonly at: number;
  readonly code: string;
  readonly message: string;
  readonly origin: ErrorOrigin;
  readonly source: 'exit' | 'check' | 'action' | 'log' | 'application' | 'daruma';
  readonly stack?: string;
  /** The version of the program that it happened in. */
  readonly release?: string;
  /** That was open for its origin. */
  readonly incident?: IncidentId;
  /** Where the instance's log ended then, in bytes from its beginning. */
  readonly log?: number;
}

/** An incident that was open for the origin when it happened. */
export interface ErrorLink {
  readonly incident: IncidentId;
  /** Of the first happening that belongs to it. */
  readonly at: number;
  /** Where the instance's log ended then; null: not known. */
  readonly log: number | null;
}

export interface ErrorMute {
  readonly by: string;
  readonly at: number;
  /** Stack time at which it ends by itself; null: never. */
  readonly until: number | null;
}

export interface ErrorRecord {
  readonly id: string;
  readonly code: string;
  /** Of the latest happening. */
  readonly message: string;
  /** With the role of the latest happening. */
  readonly origin: ErrorOrigin;
  readonly source: ErrorReport['source'];
  /** Of the latest happening that told one; null: none did. */
  readonly release: string | null;
  readonly count: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly trend: ErrorTrend;
  /** The newest first, a few. */
  readonly incidents: readonly ErrorLink[];
  /** Where the instance's log ended when it was last seen; null: not known. */
  readonly log: number | null;
  /** Who has seen to it, or null; a new happening makes it null again. */
  readonly acknowledgedBy: string | null;
  /** Null: it shows. A new happening changes nothing of that. */
  readonly muted: ErrorMute | null;
}

/** One happening as it is kept; its message is cut short. */
export type ErrorOccurrence = Pick<ErrorReport, 'at' | 'message' | 'release' | 'incident' | 'log'> &
  Pick<ErrorOrigin, 'role'>;

export interface ErrorDetail extends ErrorRecord {
  /** Of the latest happening that came with one; null: none did. */
  readonly stack: string | null;
  /** The latest, newest first. */
  readonly occurrences: readonly ErrorOccurrence[];
}

/** What a person does to an error. */
export type ErrorMark =
  | { readonly kind: 'acknowledge' }
  /** `until` null: for ever. */
  | { readonly kind: 'mute'; readonly until: number | null }
  | { readonly kind: 'unmute' };
