/**
 * Notes of what a job is about to write or remove in the places, so that after a kill the next one
 * knows what is left of it. A note is there before the first byte is, and goes when all is done.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, ownIdentity, type ProcessIdentity } from '../ports/process-identity.ts';
import { readJsonFile, replaceFile } from '../ports/replace-file.ts';
import type { VaultContext } from '../ports/vault.ts';

export const notesName = 'notes';

interface Note {
  readonly owner: ProcessIdentity;
  /** Of archives: they are leftovers as long as no summary stands for them. */
  readonly keys: readonly string[];
}

/** Returns what takes it away again. */
export function noteKeys(context: VaultContext, keys: readonly string[]): () => void {
  const directory = join(context.scratchDir, notesName);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `${(keys[0] ?? '').replaceAll('/', '.')}.json`);
  replaceFile(file, JSON.stringify({ owner: ownIdentity(), keys } satisfies Note));
  return () => rmSync(file, { force: true });
}

export interface Notes {
  /** Of jobs that are gone. */
  readonly left: ReadonlySet<string>;
  /** Of jobs that live. */
  readonly busy: ReadonlySet<string>;
  /** Takes away the notes of jobs that are gone. */
  forget(): void;
}

export function readNotes(context: VaultContext): Notes {
  const directory = join(context.scratchDir, notesName);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const left = new Set<string>();
  const busy = new Set<string>();
  const old: string[] = [];
  for (const name of readdirSync(directory)) {
    const file = join(directory, name);
    const note = readJsonFile(file) as Note | null;
    const lives = note !== null && isAlive(note.owner);
    if (!lives) old.push(file);
    for (const key of note?.keys ?? []) (lives ? busy : left).add(key);
  }
  const forget = (): void => {
    for (const file of old) rmSync(file, { force: true });
  };
  return { left, busy, forget };
}
