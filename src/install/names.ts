/** Names that a stack file takes, made of names that others gave. */
import { basename } from 'node:path';

/** One for each given name, in the same order, none twice. */
export function serviceNames(given: readonly string[]): string[] {
  const taken = new Set<string>();
  return given.map((text) => {
    const base = serviceName(text);
    let name = base;
    for (let number = 2; taken.has(name); number += 1) name = `${base}-${number}`;
    taken.add(name);
    return name;
  });
}

function serviceName(text: string): string {
  const name = text.replaceAll(/[^A-Za-z0-9_-]+/g, '-').replaceAll(/^[-_]+|-+$/g, '');
  return name === '' ? 'service' : name.slice(0, 50);
}

/** Of the directory that the stack file lies in. */
export function stackName(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replaceAll(/^[-_]+|-+$/g, '');
  return name === '' ? 'stack' : name.slice(0, 50);
}
