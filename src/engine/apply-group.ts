/** The fold of what the log says of groups: services of which one instance is primary. */
import type { GroupRecord } from '../model/group.ts';
import { type ComponentId, type InstanceId, serviceOf } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import { forgetIfRemoved } from './apply-configured.ts';
import { type GroupState, newGroup, type StepState } from './group-state.ts';
import { actionOf, type EngineState, episodeOnset } from './state.ts';

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

type Of<K extends GroupRecord['kind']> = LogRecord & GroupRecord & { readonly kind: K };

export function applyGroup(state: EngineState, record: LogRecord & GroupRecord): void {
  const service = state.services[record.service];
  if (service === undefined) return;
  const group = service.group ?? newGroup();
  service.group = group;
  switch (record.kind) {
    case 'primary-chosen':
      chosen(state, group, record);
      return;
    case 'primary-serves':
      if (record.epoch === group.epoch) serves(state, group, record.at);
      return;
    case 'eligible-changed':
      noteWait(state, group, record);
      eligibleChanged(group, record);
      return;
    case 'role-step':
      stepped(group, record);
      return;
    case 'position-told':
      positionTold(group, record);
      return;
    case 'role-seen':
      group.seen[record.instance] = { at: record.at, seen: record.seen };
      return;
  }
}

/** F6: an epoch that is not new changes nothing. */
function chosen(state: EngineState, group: GroupState, record: Of<'primary-chosen'>): void {
  if (record.epoch <= group.epoch) return;
  const { primary, epoch, eligible, action, at } = record;
  noteLeft(group, eligible, at);
  if (group.primary !== null && group.primary !== primary) group.former = group.primary;
  if (group.former !== null) {
    group.left[group.former] = at;
    delete group.seen[group.former];
  }
  delete group.left[primary];
  const { former } = group;
  Object.assign(group, { epoch, primary, eligible: [...eligible], action, chosenAt: at });
  Object.assign(group, { servedAt: null, told: null, change: null, steps: {} });
  const incident = action === null ? null : (actionOf(state, action)?.incident ?? null);
  group.failed = incident !== null;
  // A person's consent was to this one loss.
  const asked = incident === null ? undefined : state.incidents[incident];
  if (asked !== undefined) asked.consent = null;
  const left = former === null ? undefined : state.instances[former];
  if (left !== undefined) forgetIfRemoved(state, left);
}

function serves(state: EngineState, group: GroupState, at: number): void {
  if (group.servedAt !== null) return;
  group.servedAt = at;
  const id = group.action === null ? null : (actionOf(state, group.action)?.incident ?? null);
  const incident = id === null ? undefined : state.incidents[id];
  if (incident !== undefined) group.waited = { since: episodeOnset(incident), until: at };
}

/** From when a standby first showed that it can't confirm, until the primary goes on without it. */
function noteWait(state: EngineState, group: GroupState, record: Of<'eligible-changed'>): void {
  const lost = group.eligible.filter((id) => !record.eligible.includes(id));
  if (lost.length === 0) return;
  const onsets = lost.map((id) => onsetOf(state, id) ?? record.at);
  group.waited = { since: Math.min(record.at, ...onsets), until: null };
}

function onsetOf(state: EngineState, id: InstanceId): number | null {
  const instance = state.instances[id];
  const shown = instance?.symptoms.flatMap((one) => state.symptoms[one]?.symptom.began ?? []) ?? [];
  return shown.length > 0 ? Math.min(...shown) : null;
}

function noteLeft(group: GroupState, eligible: readonly InstanceId[], at: number): void {
  for (const id of group.eligible) {
    if (!eligible.includes(id)) group.left[id] = at;
  }
}

function eligibleChanged(group: GroupState, record: Of<'eligible-changed'>): void {
  if (record.epoch !== group.epoch) return;
  const { eligible, at } = record;
  noteLeft(group, eligible, at);
  for (const id of eligible) {
    if (group.eligible.includes(id)) continue;
    group.since[id] = at;
    delete group.left[id];
    // Whoever admits lets the primary wait for it first.
    group.told = [...eligible];
  }
  group.eligible = [...eligible];
}

function positionTold({ change }: GroupState, record: Of<'position-told'>): void {
  if (change === null) return;
  change.positions[record.instance] = record.position;
  if (record.position !== null) change.toldAt ??= record.at;
}

function stepped(group: GroupState, record: Of<'role-step'>): void {
  const { step, instance } = record;
  if (step === 'survey') {
    if (record.state === 'begun') group.change?.asked.push(instance);
    return;
  }
  if (step === 'quiesce') {
    if (record.state === 'begun') beginChange(group, record, 'begun');
    else if (record.state === 'failed') stillBusy(group, record);
    else if (group.change !== null) group.change.quiesce = 'done';
    return;
  }
  if (record.state === 'begun') begun(group, { ...record, step });
  else ended(group, { ...record, step });
}

/** A fail-over takes the place of a switchover that is under way. */
function beginChange(group: GroupState, record: Of<'role-step'>, quiesce: 'no' | 'begun'): void {
  const { action, instance, at } = record;
  if (group.change?.action === action) return;
  const plain = { action, from: instance, begunAt: at, fenced: false };
  group.change = { ...plain, quiesce, asked: [], positions: {}, toldAt: null };
}

function stillBusy(group: GroupState, { action, at, error }: Of<'role-step'>): void {
  if (group.change?.action === action) group.change = null;
  const tries = group.busy?.action === action ? group.busy.tries : 0;
  group.busy = { action, at, tries: tries + 1, why: error?.message ?? '' };
}

type PlainStep = Of<'role-step'> & { readonly step: StepState['step'] };

function begun(group: GroupState, record: PlainStep): void {
  const { step, instance, action, at } = record;
  const before = group.steps[`${step} ${instance}`];
  group.steps[`${step} ${instance}`] = {
    step,
    instance,
    action,
    state: 'begun',
    at,
    eligible: [...group.eligible],
    failures: before?.state === 'failed' ? before.failures : 0,
    error: null,
  };
  if (step === 'fence') voidOthers(group, instance);
  if (step === 'fence' && instance === group.primary) beginChange(group, record, 'no');
  if (step === 'follow') group.orders[instance] = record.epoch;
  // From now on it may wait for one more.
  if (step === 'admit') group.told = null;
}

/** F1: what else was asked of an instance that is to be fenced has no answer that counts. */
function voidOthers(group: GroupState, instance: InstanceId): void {
  for (const [key, known] of Object.entries(group.steps)) {
    if (known.instance === instance && known.step !== 'fence') delete group.steps[key];
  }
}

function ended(group: GroupState, record: PlainStep): void {
  const { step, instance, at } = record;
  const known = group.steps[`${step} ${instance}`];
  if (known?.action !== record.action || known.state !== 'begun') return;
  known.state = record.state;
  known.at = at;
  known.error = record.error?.message ?? null;
  if (record.state === 'failed') {
    known.failures += 1;
    return;
  }
  // What it was seen to be is over; how far its standbys were is still of use.
  if (step === 'fence' && group.change?.from === instance) group.change.fenced = true;
  else if (step === 'fence') delete group.seen[instance];
  if (step === 'set-eligible' || step === 'promote') group.told = [...known.eligible];
  if (step === 'set-eligible') group.waited.until ??= at;
}

/** What other records mean for a group; to be called before they change anything else. */
export function applyToGroup(state: EngineState, record: LogRecord): void {
  if (record.kind === 'instance-starting') {
    const group = groupIn(state, record.instance);
    if (group !== undefined) started(group, record.instance);
  } else if (record.kind === 'action-outcome') {
    const group = groupIn(state, actionOf(state, record.action)?.planned.target ?? '');
    if (group?.change?.action === record.action) group.change = null;
  }
}

function groupIn(state: EngineState, component: ComponentId): GroupState | undefined {
  return state.services[serviceOf(component) ?? '']?.group;
}

/** Its order is in the start; whatever was under way at it before is over. */
function started(group: GroupState, instance: InstanceId): void {
  group.orders[instance] = group.epoch;
  const leads = instance === group.primary;
  if (!leads && group.seen[instance]?.seen.role === 'primary') delete group.seen[instance];
  let admits = false;
  for (const [key, step] of Object.entries(group.steps)) {
    // Who was being admitted was so by a process that is gone: it waits for whom the start named.
    const voided = leads && step.step === 'admit';
    admits ||= voided && step.state === 'begun';
    if (voided || step.instance === instance) delete group.steps[key];
  }
  if (leads) group.told = admits ? null : [...group.eligible];
}
