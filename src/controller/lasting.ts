/**
 * What must be on the disk before it is acted on, and what needn't: after a loss of power every
 * process of this machine is gone, and with it what was decided about it. A record of such a
 * decision has to survive a kill of the controller, nothing more, and no restart waits for a disk.
 *
 * A record is taken to last always unless it is named here.
 */
import type { Command } from '../model/command.ts';
import type { InstanceId } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import type { Lasting } from '../ports/store.ts';

const endWithBoot: ReadonlySet<LogRecord['kind']> = new Set<LogRecord['kind']>([
  // Processes, and what is seen of them.
  'instance-starting',
  'instance-started',
  'instance-start-failed',
  'instance-ready',
  'instance-suspect',
  'instance-exited',
  'instance-stopping',
  'instance-stopped',
  'instance-stop-failed',
  'instance-held',
  'order-given',
  'order-withdrawn',
  'confirm-asked',
  'instance-confirmed',
  'symptom-began',
  'symptom-ended',
  // Their faults, and what is done about them. A loss of power within a tenth of a second leaves
  // the account of the last fault without its end; the machine's own failure is what then counts.
  'incident-opened',
  'incident-joined',
  'incident-located',
  'incident-reopened',
  'incident-verifying',
  'action-planned',
  'action-begun',
  'action-done',
  'action-outcome',
  'timer-set',
  'timer-cleared',
  // What was seen of roles, and told of positions by processes that are gone then. What is decided
  // by them lasts always: who is primary, who is eligible, what was done to whom (F4, F7).
  'position-told',
  'role-seen',
]);

export function lastingOf(records: readonly LogRecord[]): Lasting {
  return records.every(endsSo) ? 'boot' : 'always';
}

function endsSo(record: LogRecord): boolean {
  if (record.kind === 'role-step') return record.step === 'survey' || record.step === 'quiesce';
  return endWithBoot.has(record.kind);
}

/** Whether what a command does ends with the machine's power. `isExternal`: somebody else runs the
 * instance, and may remember what we asked for. */
export function endsWithBoot(
  command: Command,
  isExternal: (instance: InstanceId) => boolean,
): boolean {
  switch (command.kind) {
    case 'start':
    case 'stop':
      return !isExternal(command.instance);
    case 'route':
    case 'confirm':
    case 'survey':
    case 'quiesce':
    case 'release':
      return true;
    case 'role':
    case 'restore':
    case 'run':
    case 'notify':
    case 'reply':
      return false;
  }
}
