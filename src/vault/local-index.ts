/**
 * What was in the newest point, kept on this machine, so that the next one need not read what has
 * not changed. When it is lost, or is of a point that can't be built on, the next point is a full
 * one.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PointId } from '../model/recovery-point.ts';
import { readJsonFile, replaceFile } from '../ports/replace-file.ts';
import type { VaultContext } from '../ports/vault.ts';

export interface IndexedFile {
  readonly stamp: string;
  readonly bytes: number;
  readonly sha256: string;
  /** The point whose archive has it. */
  readonly in: PointId;
}

export interface LocalIndex {
  readonly id: PointId;
  readonly files: ReadonlyMap<string, IndexedFile>;
}

type Row = readonly [path: string, stamp: string, bytes: number, sha256: string, holder: number];

interface Stored {
  readonly format: 1;
  readonly stack: string;
  readonly id: PointId;
  readonly holders: readonly PointId[];
  readonly files: readonly Row[];
}

function indexFile({ indexDir, service }: VaultContext): string {
  return join(indexDir, `${service}.json`);
}

export function readIndex(context: VaultContext): LocalIndex | null {
  const stored = readJsonFile(indexFile(context)) as Stored | null;
  if (stored?.format !== 1 || stored.stack !== context.stack) return null;
  const files = stored.files.map(([path, stamp, bytes, sha256, holder]): [string, IndexedFile] => [
    path,
    { stamp, bytes, sha256, in: stored.holders[holder] ?? stored.id },
  ]);
  return { id: stored.id, files: new Map(files) };
}

export function writeIndex(context: VaultContext, { id, files }: LocalIndex): void {
  const holders = [...new Set([...files.values()].map((file) => file.in))];
  const number = new Map(holders.map((holder, index) => [holder, index]));
  const stored: Stored = {
    format: 1,
    stack: context.stack,
    id,
    holders,
    files: [...files].map(([path, file]): Row => {
      return [path, file.stamp, file.bytes, file.sha256, number.get(file.in) ?? -1];
    }),
  };
  mkdirSync(context.indexDir, { recursive: true, mode: 0o700 });
  replaceFile(indexFile(context), JSON.stringify(stored));
}

/** The next point is a full one. */
export function forgetIndex(context: VaultContext): void {
  rmSync(indexFile(context), { force: true });
}
