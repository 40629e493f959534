/** What goes through the endpoints of each service, by the signals of its instances. */
import { type ServiceName, serviceOf } from '../../model/ids.ts';
import type { Sample } from '../../model/sample.ts';
import type { TrafficView } from '../../model/view.ts';

export const ofTraffic = ['endpoint.connections', 'endpoint.requests'];

/** The sums over the instances of a service. */
export function trafficOf(samples: readonly Sample[]): readonly TrafficView[] {
  const found = new Map<ServiceName, TrafficView>();
  for (const { component, signal, value } of samples) {
    const service = serviceOf(component);
    if (service === null) continue;
    const before = found.get(service) ?? { service, requests: null, connections: 0 };
    const { requests, connections } = before;
    if (signal === 'endpoint.requests')
      found.set(service, { ...before, requests: (requests ?? 0) + value });
    else found.set(service, { ...before, connections: connections + value });
  }
  return [...found.values()];
}
