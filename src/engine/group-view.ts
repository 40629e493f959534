/** What people are shown of a service with failover. */
import type { GroupView, Role } from '../model/group.ts';
import type { ServiceName } from '../model/ids.ts';
import { whyNoneMay } from './candidates.ts';
import { failoverOf, groupOf, isLeaving, isSynchronous, primaryOf, standbysOf } from './group.ts';
import type { GroupState } from './group-state.ts';
import { handOverTriesMax } from './queue.ts';
import { type EngineState, type InstanceState, isAlive } from './state.ts';

export function groupView(
  state: EngineState,
  service: ServiceName,
): { readonly group?: GroupView } {
  const group = groupOf(state, service);
  if (group === null) return {};
  const { epoch, primary, eligible } = group;
  const stage = stageOf(state, service, group);
  return { group: { epoch, primary, eligible, stage, note: noteOf(state, service, stage) } };
}

export function roleView(state: EngineState, instance: InstanceState): { readonly role?: Role } {
  const primary = groupOf(state, instance.service)?.primary ?? null;
  if (primary === null) return {};
  return { role: primary === instance.id ? 'primary' : 'standby' };
}

function stageOf(
  state: EngineState,
  service: ServiceName,
  { epoch, change, servedAt }: Readonly<GroupState>,
): GroupView['stage'] {
  if (epoch === 0) return 'new';
  if (change?.quiesce === 'begun') return 'quiescing';
  if (change !== null) return change.fenced ? 'choosing' : 'fencing';
  const primary = primaryOf(state, service);
  if (primary === null || (!isAlive(primary) && primary.wanted === 'up')) return 'waiting';
  return servedAt === null ? 'promoting' : 'steady';
}

function noteOf(state: EngineState, service: ServiceName, stage: GroupView['stage']): string {
  const group = groupOf(state, service);
  const primary = primaryOf(state, service);
  const failed = Object.values(group?.steps ?? {}).find((one) => one.state === 'failed');
  if (stage === 'fencing') return `F1: no promotion before ${group?.primary} is fenced`;
  if (stage === 'choosing') return 'F3: who has every acknowledged write is asked';
  if (stage === 'quiescing') return 'transactions under way end, new connections wait';
  if (stage === 'waiting') {
    if (primary === null) return `its primary ${group?.primary} is not in the stack file any more`;
    return primary.note === '' ? `${primary.id} does not run` : primary.note;
  }
  if (stage === 'new') return '';
  if (failed !== undefined) return `${failed.step} ${failed.instance} failed: ${failed.error}`;
  if (stage === 'promoting')
    return `F2: no traffic before a write through ${primary?.id} succeeded`;
  return steadyNote(state, service);
}

/** A standby that does not count is worth a word. */
function steadyNote(state: EngineState, service: ServiceName): string {
  const failover = failoverOf(state, service);
  if (state.services[service]?.wanted === 'down' || failover === null) return '';
  const busy = groupOf(state, service)?.busy;
  if (busy !== undefined && state.personal[busy.action]?.planned.kind === 'restart')
    return `its role is handed over later (${busy.tries} of ${handOverTriesMax} tries): ${busy.why}`;
  const leaving = primaryOf(state, service);
  if (leaving !== null && isLeaving(state, leaving))
    return `${leaving.id} left the stack file: its role goes to one that stays before it is stopped`;
  if (!isSynchronous(failover)) return whyNoneMay(state, service) ?? '';
  const eligible = groupOf(state, service)?.eligible ?? [];
  const others = standbysOf(state, service).filter((one) => !eligible.includes(one.id));
  if (others.length === 0) return '';
  const names = others.map((one) => one.id).join(', ');
  return `F4: ${names} not eligible: not known to have every acknowledged write`;
}
