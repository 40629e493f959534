/** The fold of what the log says of groups: services of which one instance is primary. */
import type { GroupRecord } from '../model/group.ts';
import type { LogRecord } from '../model/record.ts';
import type { EngineState } from './state.ts';

const kinds: ReadonlySet<LogRecord['kind']> = new Set<GroupRecord['kind']>([
  'primary-chosen',
  'primary-serves',
  'eligible-changed',
  'role-step',
  'position-told',
  'role-seen',
]);

export function isGroupRecord(record: LogRecord): record is LogRecord & GroupRecord {
  return kinds.has(record.kind);
}

export function applyGroup(_state: EngineState, _record: LogRecord & GroupRecord): void {
  // Nothing decides on groups yet.
}
