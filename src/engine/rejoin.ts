/** F5: the primary that was comes back as a standby, within the incident that it left over. */
import type { ServiceName } from '../model/ids.ts';
import { groupOf, isCold, missingPrimary } from './group.ts';
import { beginStart, hold, reconcile } from './lifecycle.ts';
import { isUnderMaintenance } from './maintenance-state.ts';
import { actionOf, type InstanceState, isAlive } from './state.ts';
import { endSymptoms } from './symptoms.ts';
import type { Turn } from './turn.ts';

export function rejoin(turn: Turn, service: ServiceName): void {
  const group = groupOf(turn.state, service);
  if (group?.servedAt == null || group.former === null || group.action === null) return;
  const former = turn.instance(group.former);
  if (former === undefined || isAlive(former) || former.wanted === 'down') return;
  // Once in each epoch; what comes after is a fault of its own.
  if (group.orders[former.id] === group.epoch) return;
  const waits = missingPrimary(turn.state, former);
  const incident = actionOf(turn.state, group.action)?.incident ?? null;
  if (waits !== null) {
    if (!isCold(turn.state, service)) return;
    endSymptoms(turn, former);
    hold(turn, former, waits, 'dependency');
  } else if (incident === null) reconcile(turn, former.id);
  else if (!isUnderMaintenance(turn.state, service))
    begin(turn, former, { incident, epoch: group.epoch, primary: group.primary ?? former.id });
}

function begin(
  turn: Turn,
  former: InstanceState,
  after: { readonly incident: `i${number}`; readonly epoch: number; readonly primary: string },
): void {
  const { incident, epoch, primary } = after;
  const action = turn.newAction();
  const reason = `let ${former.id} rejoin as a standby: ${primary} is primary of epoch ${epoch} (F5)`;
  const planned = { action, kind: 'rejoin' as const, target: former.id, name: null, reason };
  const plain = { ...planned, wouldOnly: false, considered: [] };
  turn.emit({ kind: 'action-planned', incident, planned: plain });
  turn.emit({ kind: 'action-begun', incident, action, spared: true });
  beginStart(turn, former.id, action, true);
}
