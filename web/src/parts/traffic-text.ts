/** What goes through the endpoints of a service, in words. */
import type { TrafficView } from '../../../src/model/view.ts';
import type { Say } from '../words/words.ts';

/** Empty when there is none to tell of. */
export function trafficText(traffic: TrafficView | undefined, say: Say): string {
  if (traffic === undefined) return '';
  const { requests, connections } = traffic;
  if (requests === null) return say('connected', { count: connections });
  const count = requests < 10 ? Number(requests.toFixed(1)) : Math.round(requests);
  return say('requestsPerSecond', { count });
}
