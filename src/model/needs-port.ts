import type { RoleCallSpec, ServiceSpec } from './stack-spec.ts';
import { templateNames } from './template.ts';

/** Whether the instances of a service are each given a port: something of it mentions one. */
export function needsPort(service: ServiceSpec): boolean {
  if (service.driver === 'external') return false;
  if (service.endpoint !== null || service.driver === 'postgres') return true;
  const probe = service.healthcheck?.probe;
  const templates = [
    ...(service.command?.argv ?? []),
    ...Object.values(service.environment),
    ...(probe?.kind === 'exec' ? probe.command.argv : []),
    ...(probe?.kind === 'tcp' ? [probe.address ?? '${PORT}'] : []),
    ...(probe?.kind === 'http' ? [probe.url.startsWith('/') ? '${PORT}' : probe.url] : []),
    ...callTemplates(service.failover?.become),
    ...callTemplates(service.failover?.cease),
  ];
  return templates.some((template) => templateNames(template).includes('PORT'));
}

function callTemplates(call: RoleCallSpec | undefined): readonly string[] {
  if (call?.kind === 'command') return call.command.argv;
  if (call?.kind === 'http') return [call.url.startsWith('/') ? '${PORT}' : call.url];
  return [];
}
