/** The addresses that the endpoint process is to serve, and what it must know of their services. */
import type { ServiceName } from '../model/ids.ts';
import type { EndpointSpec, ServiceSpec } from '../model/stack-spec.ts';

export interface ListedEndpoint {
  readonly service: ServiceName;
  readonly endpoint: EndpointSpec;
  readonly endpointRead?: EndpointSpec;
}

export function endpointList(services: Iterable<ServiceSpec>): ListedEndpoint[] {
  return [...services].flatMap((service) => {
    const { name, endpoint, endpointRead, failover, driver } = service;
    if (endpoint === null || (driver === 'external' && failover === undefined)) return [];
    return [
      {
        service: name,
        endpoint: complete(endpoint, service),
        ...(endpointRead === undefined ? {} : { endpointRead: complete(endpointRead, service) }),
      },
    ];
  });
}

function complete(endpoint: EndpointSpec, { failover, driver }: ServiceSpec): EndpointSpec {
  if (failover === undefined) return endpoint;
  const session = driver === 'postgres' ? ({ session: 'postgres' } as const) : {};
  return { ...endpoint, holdMs: failover.holdMs, ...session };
}
