/** The fold of what the log says of recovery points and restores. */
import type { InstanceId } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import type { PointRecord } from '../model/recovery-point.ts';
import { newPoints, type RestoreState } from './restore-state.ts';
import type { EngineState, ServiceState } from './state.ts';

type Of<K extends PointRecord['kind']> = LogRecord & PointRecord & { readonly kind: K };

export function isPointRecord(record: LogRecord): record is LogRecord & PointRecord {
  return record.kind === 'point' || record.kind === 'restore-step';
}

export function applyPoint(state: EngineState, record: LogRecord & PointRecord): void {
  if (record.kind === 'point') happened(state, record);
  else stepped(state, record);
}

function happened(state: EngineState, record: Of<'point'>): void {
  const { service, what, point, at } = record;
  const points = state.points[service] ?? newPoints();
  state.points[service] = points;
  const error = record.error?.message ?? null;
  if (what === 'made' && point !== null)
    Object.assign(points, { made: { point, at }, failures: 0, failedAt: null, error: null });
  else if (what === 'failed')
    Object.assign(points, { failures: points.failures + 1, failedAt: at, error });
  else if (what === 'proven' || what === 'disproven')
    points.proof = { point, at, ok: what === 'proven', error };
}

function stepped(state: EngineState, record: Of<'restore-step'>): void {
  const service = state.services[record.service];
  if (service === undefined) return;
  const { action, order, step, at } = record;
  const plan = record.plan ?? service.restore?.plan ?? null;
  const swapped: RestoreState = { action, order, plan, step: 'swap', state: 'done', at };
  if (record.state === 'asked' || record.state === 'begun') {
    service.restore = { action, order, plan, step, state: record.state, at };
  } else if (step === 'undo' || step === 'confirm') {
    // What failed leaves what was restored where it is.
    if (record.state === 'failed') service.restore = swapped;
    else delete service.restore;
  } else if (record.state === 'failed') delete service.restore;
  else service.restore = step === 'swap' ? swapped : { ...swapped, step };
  if (record.state === 'done' && (step === 'swap' || step === 'undo'))
    exchanged(state, service, order.into);
}

/** What was seen of data that is not there any more counts no longer. */
function exchanged(state: EngineState, { group }: ServiceState, into: InstanceId): void {
  const instance = state.instances[into];
  if (instance !== undefined) delete instance.damaged;
  if (group !== undefined) group.seen = {};
}
