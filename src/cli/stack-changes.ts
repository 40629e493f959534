/** What the stack file says now, beside what the stack runs by. */
import { relative } from 'node:path';
import type { ServiceName } from '../model/ids.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { StackView } from '../model/view.ts';
import type { Configuration } from '../ports/controller-api.ts';
import { changedSources, type Sources } from '../stack/sources.ts';
import { dateText } from './time-text.ts';

export interface StackFile {
  readonly spec: StackSpec;
  readonly sources: Sources;
}

/** Whether `up` would change anything: in the file, in what it is made from, or not yet applied. */
export function isChanged(running: Configuration, now: StackFile, view: StackView): boolean {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const instances = view.services.flatMap((service) => service.instances);
  return (
    !same(running.spec, now.spec) ||
    !same(running.sources, now.sources) ||
    instances.some(({ changed }) => changed === true)
  );
}

/** What comes and goes, for a person; what is restarted is for the engine to say. */
export function changeLines(before: StackSpec, after: StackSpec): string[] {
  const names = ({ services }: StackSpec) => services.map(({ name }) => name);
  const added = names(after).filter((name) => !names(before).includes(name));
  const removed = names(before).filter((name) => !names(after).includes(name));
  return [...line('new', added), ...line('removed', removed)];
}

function line(what: string, names: readonly ServiceName[]): string[] {
  return names.length === 0 ? [] : [`  ${what}: ${names.join(', ')}`];
}

/** «daruma.yaml has changed since shop was started …»; null: it has not. `command`: how a person
 * calls us. */
export function changeNotice(running: Configuration, command: string): string | null {
  const { spec, sources, readAt } = running;
  const files = changedSources(sources).map((path) => relative(spec.directory, path));
  if (files.length === 0) return null;
  const what = `${files.join(' and ')} ${files.length === 1 ? 'has' : 'have'} changed`;
  const since = `since ${spec.name} was started (${dateText(readAt)})`;
  return `${what} ${since}; \`${command} up\` applies that`;
}
