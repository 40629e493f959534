/** What goes through the endpoints, read each second while somebody looks. */
import type { TrafficView } from '../../../src/model/view.ts';
import { useRead } from './use-read.ts';
import { useTick } from './use-tick.ts';

const everyMs = 1_000;

export function useTraffic(): ReadonlyMap<string, TrafficView> {
  const { value, error } = useRead<{ items: readonly TrafficView[] }>(
    '/api/v1/traffic',
    useTick(everyMs),
  );
  const items = error === null ? (value?.items ?? []) : [];
  return new Map(items.map((one) => [one.service, one]));
}
