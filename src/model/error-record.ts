/** One distinct error, however often it happened. */
import type { HostName, InstanceId, ServiceName } from './ids.ts';

export interface ErrorOrigin {
  readonly service: ServiceName | null;
  readonly instance: InstanceId | null;
  readonly host: HostName;
}

/** One happening, as reported by exits, checks, actions, log patterns and applications. */
export interface ErrorReport {
  readonly at: number;
  readonly code: string;
  readonly message: string;
  readonly origin: ErrorOrigin;
  readonly source: 'exit' | 'check' | 'action' | 'log' | 'application' | 'daruma';
}

export interface ErrorRecord {
  readonly id: string;
  readonly code: string;
  /** Of the latest happening. */
  readonly message: string;
  readonly origin: ErrorOrigin;
  readonly source: ErrorReport['source'];
  readonly count: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Who has seen to it, or null; a new happening makes it null again. */
  readonly acknowledgedBy: string | null;
}
