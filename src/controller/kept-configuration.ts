/**
 * The configuration that the stack runs by, kept beside its state: a controller that takes the
 * place of another goes on with it, whatever the stack file says by then.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { layout } from '../model/layout.ts';
import type { Configuration } from '../ports/controller-api.ts';

const askedName = 'asked-';

export interface KeptConfiguration extends Configuration {
  /** Names the moment at which somebody asked for what the file said then. */
  readonly asOf: string;
}

/** What the command line has read, for the controllers that it has started. */
export interface AskedConfiguration extends KeptConfiguration {
  /** Who wants the stack up; null: nobody, or whoever asked will say so. */
  readonly upBy: string | null;
}

/** Null: none is kept, or by an older version. */
export async function readKept(stateDir: string): Promise<KeptConfiguration | null> {
  return (await read(fileIn(stateDir))) as KeptConfiguration | null;
}

/** Null: nothing was asked, or it was carried out. */
export async function readAsked(
  stateDir: string,
  asOf: string,
): Promise<AskedConfiguration | null> {
  return (await read(askedIn(stateDir, asOf))) as AskedConfiguration | null;
}

/** Whether it is yet to be carried out. */
export function isAsked(stateDir: string, asOf: string): boolean {
  return existsSync(askedIn(stateDir, asOf));
}

/** For the controllers of this `asOf`, none of which was started yet. */
export async function ask(stateDir: string, asked: AskedConfiguration): Promise<void> {
  await mkdir(layout(stateDir).runDir, { recursive: true, mode: 0o700 });
  await write(askedIn(stateDir, asked.asOf), asked);
}

/** It was carried out, or nobody will. */
export function forgetAsked(stateDir: string, asOf: string): Promise<void> {
  return rm(askedIn(stateDir, asOf), { force: true });
}

/** In place of what was kept, and of what others asked who were slower. */
export async function keep(stateDir: string, configuration: KeptConfiguration): Promise<void> {
  const { asOf, readAt, spec, sources } = configuration;
  await write(fileIn(stateDir), { asOf, readAt, spec, sources });
  const own = basename(askedIn(stateDir, asOf));
  const { runDir } = layout(stateDir);
  for (const name of await readdir(runDir)) {
    if (name.startsWith(askedName) && name !== own) await rm(`${runDir}/${name}`, { force: true });
  }
}

async function read(file: string): Promise<{ readonly asOf: string } | null> {
  try {
    const found = JSON.parse(await readFile(file, 'utf8'));
    return found.asOf === undefined ? null : found;
  } catch {
    // Whatever is wrong with it, the stack file itself is read then.
    return null;
  }
}

async function write(file: string, configuration: KeptConfiguration): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(configuration), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function fileIn(stateDir: string): string {
  return `${stateDir}/spec.json`;
}

function askedIn(stateDir: string, asOf: string): string {
  return `${layout(stateDir).runDir}/${askedName}${asOf}.json`;
}
