/**
 * What is kept of the current or last run of each instance: `run/instances/api.2.json`.
 *
 * The first is made by a rename, so that it is whole or absent also when we are killed, or written
 * over a blank file that was made ahead. Later ones are written over it in place, in one call,
 * which needs no room on a full disk nor waits for the file system's journal: half a millisecond
 * less between an exit and the next start. Nothing is forced to the disk: when the machine itself
 * goes down the run is over, and the boot id tells (a file torn by that counts as none).
 */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExitInfo } from '../model/exit.ts';
import type { InstanceId } from '../model/ids.ts';
import { instanceFileName } from '../model/layout.ts';
import type { LoggingSpec } from '../model/stack-spec.ts';
import { readJsonFile, replaceFile } from '../ports/replace-file.ts';
import { unless } from './system-error.ts';

const version = 1;
/** Files fill one block at least, so that there is room for the next run in it. */
const blockBytes = 4096;

export interface RunRecord {
  readonly stackId: string;
  readonly instance: InstanceId;
  readonly pid: number;
  /** In ticks since boot: with the pid, the process and no other. */
  readonly startTicks: number;
  readonly bootId: string;
  readonly port: number | null;
  readonly user: string | null;
  /** Stack time. */
  readonly startedAt: number;
  /** Where the output of this run begins in the instance's log. */
  readonly logOffset: number;
  readonly logging: LoggingSpec;
  /** Name of its cgroup, below those of the stack; null: it has none. */
  readonly slot: string | null;
  /** Kills by the out-of-memory killer that its cgroup had counted before. */
  readonly oomKills: number | null;
  /** How it ended, as soon as that is known. */
  readonly exit: ExitInfo | null;
  /** A launcher that starts the next run by itself when this one has ended; absent: none does. */
  readonly ordered?: OrderedRun;
}

export interface OrderedRun {
  readonly pid: number;
  readonly startTicks: number;
  readonly slot: string;
  readonly oomKills: number | null;
}

/** An instance's two cgroups; no name of a service holds an `@`. */
export function slotsOf(id: InstanceId): readonly [string, string] {
  const name = instanceFileName(id);
  return [`${name}@0`, `${name}@1`];
}

export class RunFiles {
  readonly #directory: string;
  /** Their files were written by us and fill the block. */
  readonly #written = new Set<InstanceId>();

  constructor(runDir: string) {
    this.#directory = join(runDir, 'instances');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  #path(instance: InstanceId): string {
    return join(this.#directory, `${instanceFileName(instance)}.json`);
  }

  /** The FIFO that every process of a run inherits. Those of an instance are used in turn, as its
   * cgroups are: whoever waits for the end of one run holds that of the next. */
  fifo(instance: InstanceId, slot: string | null): string {
    const [, second] = slotsOf(instance);
    const name = slot === second ? second : instanceFileName(instance);
    return join(this.#directory, `${name}.fifo`);
  }

  fifos(instance: InstanceId): readonly string[] {
    return slotsOf(instance).map((slot) => this.fifo(instance, slot));
  }

  /** One will be written soon, the first: another thread makes the file, which takes longer than to
   * write over it. Until then it holds nothing, and counts as none. */
  foresee(instance: InstanceId): void {
    const blank = ' '.repeat(blockBytes);
    // Whoever writes it is told what is wrong.
    writeFile(this.#path(instance), blank, { flag: 'wx', mode: 0o600 }).catch(() => undefined);
  }

  write(record: RunRecord): void {
    const path = this.#path(record.instance);
    const text = JSON.stringify({ version, ...record }).padEnd(blockBytes);
    // One block is written whole or not at all, also when we are killed; more need not be.
    const isOneBlock = Buffer.byteLength(text) === blockBytes;
    if (isOneBlock && this.#written.has(record.instance) && writeInto(path, text)) return;
    this.#written.delete(record.instance);
    if (!overwrite(path, text, blockBytes)) replace(path, text);
    if (isOneBlock) this.#written.add(record.instance);
  }

  remove(instance: InstanceId): void {
    this.#written.delete(instance);
    rmSync(this.#path(instance), { force: true });
  }

  /** All that can be read and are of this stack. */
  readAll(stackId: string): readonly RunRecord[] {
    const names = readdirSync(this.#directory).filter((name) => name.endsWith('.json'));
    return names
      .map((name) => readJsonFile(join(this.#directory, name)))
      .filter(isRunRecord)
      .filter((record) => record.stackId === stackId);
  }
}

/** In the room that the file of an earlier run takes up. False: it is too little, or too much. */
function overwrite(path: string, text: string, bytesMax: number): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (Buffer.byteLength(text) > size || size > bytesMax) return false;
  // Also what was longer before ends here: blanks after JSON mean nothing.
  return writeInto(path, text.padEnd(size - Buffer.byteLength(text) + text.length));
}

/** False: it is gone. */
function writeInto(path: string, text: string): boolean {
  const file = unless(['ENOENT'], () => openSync(path, 'r+'));
  if (file === null) return false;
  try {
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
  return true;
}

function replace(path: string, text: string): void {
  try {
    replaceFile(path, text);
  } catch (error) {
    if (!isFull(error) || !overwrite(path, text, Number.POSITIVE_INFINITY)) throw error;
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOSPC';
}

function isRunRecord(value: unknown): value is RunRecord {
  if (typeof value !== 'object' || value === null) return false;
  const numbers = ['pid', 'startTicks', 'startedAt', 'logOffset'];
  const strings = ['stackId', 'instance', 'bootId'];
  const fields = new Map(Object.entries(value));
  return (
    fields.get('version') === version &&
    numbers.every((name) => typeof fields.get(name) === 'number') &&
    strings.every((name) => typeof fields.get(name) === 'string')
  );
}
