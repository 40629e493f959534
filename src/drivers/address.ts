/** The address of a service as its clients see it: its endpoint. */
import type { ServiceSpec } from '../model/stack-spec.ts';

/** `host` and `port` of the endpoint, and `url` when `scheme` is given; nothing without one. */
export function endpointAttributes(service: ServiceSpec, scheme?: string): Record<string, string> {
  if (service.endpoint === null) return {};
  const host = reachable(service.endpoint.host);
  const port = String(service.endpoint.port);
  if (scheme === undefined) return { host, port };
  return { host, port, url: `${scheme}://${inUrl(host)}:${port}` };
}

/** An IPv6 address goes in brackets. */
export function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** The wildcard addresses can be listened on, but not connected to everywhere. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
