/** A case and its log in words. */
import type { LogRecord } from '../model/record.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { Case, Fault } from './case.ts';

export function describeCase({ spec, programs, faults, quietAt }: Case): string[] {
  const services = spec.services.map((service) => {
    const lacking = programs[service.name]?.withoutDependency ?? '';
    return `  ${describeService(service)}, without them: ${lacking}`;
  });
  const told = [...faults].sort((a, b) => a.at - b.at).map((fault) => `  ${describeFault(fault)}`);
  return [...services, ...told, `  ${seconds(quietAt)} faults stop`];
}

function describeService(service: ServiceSpec): string {
  const { name, replicas, driver, mode, dependsOn, healthcheck, actions } = service;
  const needs = dependsOn.map((one) => {
    const condition = one.condition === 'service_healthy' ? '' : ` ${one.condition.slice(8)}`;
    return `${one.service}${one.required ? '' : '?'}${condition}`;
  });
  const kind = [driver, mode].filter((one) => one !== 'process' && one !== 'act');
  const commands = actions.map((one) => `${one.name}${one.destructive ? ' (destructive)' : ''}`);
  return [
    [`${name} ×${replicas}`, ...kind, `needs ${needs.join(', ') || 'nothing'}`].join(' '),
    healthcheck === null ? 'unchecked' : `checked each ${healthcheck.intervalMs} ms`,
    ...(commands.length === 0 ? [] : [`actions ${commands.join(' and ')}`]),
  ].join(', ');
}

function describeFault(fault: Fault): string {
  const { id, at, name, ...rest } = fault;
  const details = Object.entries(rest).map(([key, value]) =>
    key === 'until' && typeof value === 'number'
      ? `until ${seconds(value)}`
      : `${key} ${JSON.stringify(value)}`,
  );
  return `${seconds(at)} fault ${id}: ${name} ${details.join(', ')}`;
}

export function describeRecord(record: LogRecord, beganAt: number): string {
  const { at, kind, ...rest } = record;
  const text = kind === 'configured' ? '' : JSON.stringify(rest);
  return `  ${seconds(at - beganAt)} ${kind} ${text.slice(0, 2_000)}`;
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(3)} s`;
}
