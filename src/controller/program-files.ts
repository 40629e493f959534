/** Which files a program may be made of: what is run, and what its arguments name. */
import { delimiter, resolve } from 'node:path';
import type { DriverContext } from '../ports/driver.ts';

/** Absolute paths, whether there is such a file or not. Empty: the driver knows its own command. */
export function programFiles({ service, environment, expand }: DriverContext): readonly string[] {
  const [program, ...args] = (service.command?.argv ?? []).map(expand);
  if (program === undefined) return [];
  const inDirectory = (name: string): string => resolve(service.workingDir, name);
  const places = program.includes('/')
    ? [inDirectory(program)]
    : (environment['PATH'] ?? '').split(delimiter).map((dir) => resolve(inDirectory(dir), program));
  return [...places, ...args.map(inDirectory)];
}
