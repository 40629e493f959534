/**
 * Whether a service of a Compose file can run on this machine itself: its code must lie here (it is
 * built from a directory, or one is mounted as its working directory), and its program must be
 * installed. Everything else stays in Docker, which reads the same Compose file.
 */
import { relative, resolve } from 'node:path';
import { splitWords } from '../stack/words.ts';
import type { ComposeService } from './compose-file.ts';
import type { Lost, Machine, Places } from './import-parts.ts';

export type Placement =
  | {
      readonly kind: 'process';
      readonly command: string | readonly string[];
      /** Absolute; on this machine. */
      readonly workingDir: string;
      readonly mounts: readonly Mount[];
    }
  | { readonly kind: 'docker'; readonly lost: readonly Lost[] };

/** A directory of this machine and where it is seen in the container. */
export interface Mount {
  /** Absolute. */
  readonly source: string;
  readonly target: string;
}

export function place(service: ComposeService, places: Places, machine: Machine): Placement {
  if (service['extends'] !== undefined) {
    const reason = 'only Docker Compose follows it, so the service stays in Docker';
    return { kind: 'docker', lost: [{ field: 'extends', value: '', reason }] };
  }
  const mounts = mountsOf(service, places);
  const workingDir = workingDirOf(service, mounts, places);
  const given = commandOf(service);
  if (workingDir === null || given === null) return { kind: 'docker', lost: [] };
  const all = [...mounts, ...assumedMount(service, mounts, workingDir)];
  const local = (text: string) => withLocalPaths(text, all, workingDir);
  const command = typeof given === 'string' ? local(given) : given.map(local);
  const missing = programsOf(command).find((name) => !machine.hasProgram(name, workingDir));
  if (missing === undefined) return { kind: 'process', command, workingDir, mounts: all };
  const reason = 'not found on this machine, so the service stays in Docker';
  return { kind: 'docker', lost: [{ field: 'command', value: missing, reason }] };
}

function mountsOf({ volumes }: ComposeService, { composeDir }: Places): Mount[] {
  return (volumes ?? []).flatMap((volume) => {
    const [source, target] =
      typeof volume === 'string' ? volume.split(':') : [volume.source, volume.target];
    const known = source !== undefined && target !== undefined && !source.includes('$');
    if (!known || !/^[./]/.test(source) || !target.startsWith('/')) return [];
    return [{ source: resolve(composeDir, source), target: target.replace(/(?<=.)\/$/, '') }];
  });
}

function workingDirOf(
  service: ComposeService,
  mounts: readonly Mount[],
  { composeDir }: Places,
): string | null {
  const { working_dir: given, build, image } = service;
  const mounted = given === undefined ? null : onThisMachine(given, mounts);
  if (mounted !== null) return mounted;
  if (build !== undefined) return contextOf(build, composeDir);
  return image === undefined ? resolve(composeDir, given ?? '.') : null;
}

/** Null: fetched from elsewhere, or not known before variables are. */
function contextOf(build: NonNullable<ComposeService['build']>, composeDir: string): string | null {
  const context = typeof build === 'string' ? build : (build.context ?? '.');
  return /^[\w+.-]*:\/\/|^git@|\$/.test(context) ? null : resolve(composeDir, context);
}

/** What is built is, as a rule, the directory's own files copied to the working directory. */
function assumedMount(
  { build, working_dir: target }: ComposeService,
  mounts: readonly Mount[],
  workingDir: string,
): Mount[] {
  const assumed = build !== undefined && target?.startsWith('/') === true;
  return assumed && onThisMachine(target, mounts) === null ? [{ source: workingDir, target }] : [];
}

function onThisMachine(path: string, mounts: readonly Mount[]): string | null {
  const [nearest] = mounts
    .filter(({ target }) => path === target || path.startsWith(`${target}/`))
    .sort((a, b) => b.target.length - a.target.length);
  return nearest === undefined
    ? null
    : resolve(nearest.source, path.slice(nearest.target.length).replace(/^\//, ''));
}

/** The container's paths as seen from the working directory here. */
export function withLocalPaths(text: string, mounts: readonly Mount[], workingDir: string): string {
  return text.replaceAll(/(?<=^|[\s"'=])\/[^\s"'=:;]+/g, (path) => {
    const found = onThisMachine(path, mounts);
    if (found === null) return path;
    const here = relative(workingDir, found);
    return here === '' ? '.' : here.startsWith('..') ? here : `./${here}`;
  });
}

/** Null: the image's own, or not readable. */
function commandOf({ entrypoint, command }: ComposeService): string | string[] | null {
  if (typeof command === 'string' && (entrypoint ?? []).length === 0) {
    const words = wordsOf(command);
    return words.length === 0 ? null : command;
  }
  const words = [...wordsOf(entrypoint), ...wordsOf(command)];
  return words.length === 0 ? null : words;
}

function wordsOf(given: string | readonly string[] | null | undefined): readonly string[] {
  if (typeof given !== 'string') return given ?? [];
  const split = splitWords(given);
  return split.ok ? split.words : [];
}

const shells = new Set(['sh', 'bash', '/bin/sh', '/bin/bash']);
/** A shell's own words, or what a person would have to read. */
const notPrograms = /^(?:cd|exec|set|export|test|if|while|until|for|true|\[|\(|\{|\w+=.*)$/;

/** The programs that the command needs, as far as can be told. */
export function programsOf(command: string | readonly string[]): string[] {
  const [program, option, script] = wordsOf(command);
  if (program === undefined) return [];
  if (!shells.has(program) || option !== '-c' || script === undefined) return [program];
  const words = wordsOf(script.replace(/^\s*exec\s+/, ''));
  return [program, ...words.slice(0, 1).filter((word) => !notPrograms.test(word))];
}
