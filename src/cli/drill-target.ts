/** Where the light load of a drill goes. */
import { type InstanceId, serviceOf } from '../model/ids.ts';
import type { EndpointSpec, StackSpec } from '../model/stack-spec.ts';
import type { ProbeTarget } from './probing-load.ts';

/**
 * The endpoint, else the fixed address of a TCP check. HTTP by the path of the health check, where
 * that is one; else connections only.
 */
export function probeTarget(spec: StackSpec, instance: InstanceId): ProbeTarget | null {
  const service = spec.services.find(({ name }) => name === serviceOf(instance));
  const probe = service?.healthcheck?.probe;
  if (service === undefined || service.endpoint === null) {
    const address = probe?.kind === 'tcp' ? /^([\w.-]+):(\d+)$/.exec(probe.address ?? '') : null;
    return address === null
      ? null
      : { host: address[1] ?? '', port: Number(address[2]), path: null };
  }
  const path = probe?.kind === 'http' && probe.url.startsWith('/') ? probe.url : null;
  return { host: reachable(service.endpoint), port: service.endpoint.port, path };
}

function reachable({ host }: EndpointSpec): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
