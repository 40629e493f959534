/** How long each step took, by the event log: also when the incident is an older one come back. */
import type { ActionId, IncidentId } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';

/** Milliseconds from the injection; null: it didn't come to that. */
export interface DrillTimes {
  readonly detectedMs: number | null;
  readonly locatedMs: number | null;
  readonly actedMs: number | null;
  readonly recoveredMs: number | null;
  readonly verifiedMs: number | null;
}

export const noTimes: DrillTimes = {
  detectedMs: null,
  locatedMs: null,
  actedMs: null,
  recoveredMs: null,
  verifiedMs: null,
};

/** `records`: since the injection at `begun`, oldest first. */
export function drillTimes(
  records: readonly LogRecord[],
  incident: IncidentId,
  begun: number,
): DrillTimes {
  const own = records.filter((record) => 'incident' in record && record.incident === incident);
  const remedies = remediesOf(own);
  const since = (record: LogRecord | undefined) =>
    record === undefined ? null : Math.max(0, record.at - begun);
  const first = (...kinds: readonly LogRecord['kind'][]) =>
    since(own.find(({ kind }) => kinds.includes(kind)));
  const verified = own.findLast(({ kind }) => kind === 'incident-resolved');
  const recovered = own.findLast(({ kind }) => kind === 'incident-verifying');
  return {
    detectedMs: first('incident-opened', 'incident-joined', 'incident-reopened'),
    locatedMs: first('incident-located'),
    actedMs: since(own.find((one) => one.kind === 'action-begun' && remedies.has(one.action))),
    recoveredMs: verified === undefined ? null : since(recovered ?? verified),
    verifiedMs: since(verified),
  };
}

/** Actions other than to wait, or to ask a person. */
function remediesOf(records: readonly LogRecord[]): Set<ActionId> {
  return new Set(
    records.flatMap((record) => {
      if (record.kind !== 'action-planned') return [];
      const { action, kind, wouldOnly } = record.planned;
      return wouldOnly || kind === 'wait' || kind === 'ask-person' ? [] : [action];
    }),
  );
}
