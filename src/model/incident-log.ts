/** Where an instance's log ended when an incident began. */
import type { InstanceId } from './ids.ts';

export interface IncidentLog {
  readonly instance: InstanceId;
  /** Stack time. */
  readonly at: number;
  /** In bytes from the log's beginning. */
  readonly offset: number;
}
