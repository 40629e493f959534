/** A vault in temporary directories, with files to make points of. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type { PlaceSpec, RecoveryPointsSpec } from '../../src/model/recovery-point.ts';
import type { MadePoint, PointSource, SourceEntry, VaultContext } from '../../src/ports/vault.ts';
import { Identities } from '../../src/vault/keys.ts';
import { makePoint } from '../../src/vault/vault.ts';

/** Path → content; null: a directory. */
export type Files = Readonly<Record<string, string | Buffer | null>>;

export interface Scene {
  readonly root: string;
  readonly identities: Identities;
  readonly context: VaultContext;
  with(change: Partial<RecoveryPointsSpec>, also?: Partial<VaultContext>): VaultContext;
  place(name: string, maxBytes?: number): PlaceSpec;
  remove(): void;
}

export const unlimited = new AbortController().signal;

/** Encrypted, in one directory. */
export async function scene(): Promise<Scene> {
  const root = mkdtempSync(join(tmpdir(), 'daruma-vault-'));
  const identity = await generateIdentity();
  const place = (name: string, maxBytes: number | null = null): PlaceSpec => {
    return { kind: 'directory', name, path: join(root, name), maxBytes };
  };
  const spec: RecoveryPointsSpec = {
    source: { kind: 'directory', paths: ['/never-read'] },
    schedule: null,
    on: [],
    keep: { last: 3, hourly: 0, daily: 0, weekly: 0, monthly: 0, withinMs: 0, minAgeMs: 0 },
    to: [place('vault')],
    spread: 'all',
    encryptTo: [{ kind: 'recipient', recipient: await identityToRecipient(identity) }],
    bytesPerSecondMax: null,
    lateAfterMs: null,
    drill: null,
  };
  const context: VaultContext = {
    stack: 'shop',
    service: 'files',
    spec,
    indexDir: join(root, 'index'),
    scratchDir: join(root, 'scratch'),
    version: '1.2.3',
  };
  return {
    root,
    identities: await Identities.from([identity], 'the test'),
    context,
    with: (change, also = {}) => ({ ...context, ...also, spec: { ...spec, ...change } }),
    place,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Gives these files; one whose content is the same as before has the same stamp. */
export function sourceOf(files: Files): PointSource {
  return {
    kind: 'directory',
    incremental: true,
    open: async () => ({
      entries: Readable.from(Object.entries(files).map(([path, content]) => entry(path, content))),
      end: async () => ({ entries: [], summary: { at: Date.now(), versions: { files: '1' } } }),
      abort: async () => undefined,
    }),
  };
}

export function entry(path: string, content: string | Buffer | null): SourceEntry {
  const shared = { path, mode: 0o640, uid: 0, gid: 0, mtimeMs: 1_700_000_000_000 };
  if (content === null) return { ...shared, type: 'directory', mode: 0o750, bytes: 0 };
  const bytes = Buffer.from(content);
  return {
    ...shared,
    type: 'file',
    bytes: bytes.length,
    stamp: bytes.toString('hex', 0, 100),
    open: async () => Readable.from([bytes], { objectMode: false }),
  };
}

let clock = Date.UTC(2026, 0, 1);

/** Each point a minute after the one before. */
export function make(
  context: VaultContext,
  source: PointSource,
  signal: AbortSignal = unlimited,
): Promise<MadePoint> {
  clock += 60_000;
  return makePoint(context, source, {
    name: null,
    why: 'person',
    now: () => clock,
    chance: () => 0.5,
    signal,
    onProgress: () => undefined,
  });
}

/** What is below a directory, by path. */
export function filesBelow(directory: string, below = ''): Record<string, string | null> {
  const found: Record<string, string | null> = {};
  for (const each of readdirSync(join(directory, below), { withFileTypes: true })) {
    const path = join(below, each.name);
    if (each.isDirectory()) Object.assign(found, { [path]: null }, filesBelow(directory, path));
    else found[path] = readFileSync(join(directory, path), 'latin1');
  }
  return found;
}

export function put(file: string, content: Buffer | string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
