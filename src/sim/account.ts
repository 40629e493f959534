/** A case and its log in words. */
import type { LogRecord } from '../model/record.ts';
import type { Case, Fault } from './case.ts';

export function describeCase({ spec, programs, faults, quietAt }: Case): string[] {
  const services = spec.services.map(({ name, replicas, dependsOn, healthcheck }) => {
    const needs = dependsOn.map((one) => `${one.service}${one.required ? '' : '?'}`).join(',');
    const check = healthcheck === null ? 'unchecked' : `checked each ${healthcheck.intervalMs} ms`;
    const lacking = programs[name]?.withoutDependency ?? '';
    return `  ${name} ×${replicas} needs ${needs || 'nothing'}, ${check}, without them: ${lacking}`;
  });
  const told = [...faults].sort((a, b) => a.at - b.at).map((fault) => `  ${describeFault(fault)}`);
  return [...services, ...told, `  ${seconds(quietAt)} faults stop`];
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
