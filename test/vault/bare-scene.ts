/** A vault of its own for tests that look at it without Daruma, and the lines of the page that say
 * how. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import type {
  KeySpec,
  PointSourceSpec,
  PointSummary,
  RecoveryPointsSpec,
} from '../../src/model/recovery-point.ts';
import type { VaultContext } from '../../src/ports/vault.ts';
import { createSource } from '../../src/vault/sources/index.ts';
import { makePoint } from '../../src/vault/vault.ts';
import { sourceContext } from './source-scene.ts';

const page = new URL('../../docs/operating/recovery-points.md', import.meta.url);

/** The blocks of shell lines below a heading of docs/operating/recovery-points.md. */
export function linesOfPage(heading: string): readonly string[] {
  const chapters = readFileSync(page, 'utf8').split(/^## /m);
  const chapter = chapters.find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...chapter.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, lines = '']) => lines);
}

/** Runs shell lines in a new directory, with only what Debian has in PATH. Returns it. */
export function runLines(
  lines: string,
  directory: string,
  environment: Readonly<Record<string, string>>,
): string {
  mkdirSync(directory, { recursive: true });
  execFileSync('bash', ['-c', lines], {
    cwd: directory,
    env: { ...environment, PATH: '/usr/local/bin:/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return directory;
}

export interface Key {
  /** Holds the private half. */
  readonly file: string;
  readonly spec: KeySpec;
}

export async function newKey(directory: string): Promise<Key> {
  const identity = await generateX25519Identity();
  const file = join(directory, 'key.txt');
  writeFileSync(file, `# made by a test\n${identity}\n`, { mode: 0o600 });
  return { file, spec: { kind: 'recipient', recipient: await identityToRecipient(identity) } };
}

/** A service's points, in `vault` of the directory. */
export function vaultOf(
  directory: string,
  service: string,
  source: PointSourceSpec,
  encryptTo: readonly KeySpec[],
): VaultContext {
  const spec: RecoveryPointsSpec = {
    source,
    ...{ schedule: null, on: [], spread: 'all', bytesPerSecondMax: null, lateAfterMs: null },
    ...{ drill: null, encryptTo },
    keep: { last: 7, hourly: 0, daily: 0, weekly: 0, monthly: 0, withinMs: 0, minAgeMs: 0 },
    to: [{ kind: 'directory', name: './vault', maxBytes: null, path: join(directory, 'vault') }],
  };
  return {
    ...{ stack: 'test', service, spec, version: '1' },
    indexDir: join(directory, 'index', service),
    scratchDir: join(directory, 'scratch', service),
  };
}

export async function pointOf(directory: string, context: VaultContext): Promise<PointSummary> {
  const { source } = context.spec;
  if (source.kind === 'postgres') throw new Error('its driver copies it');
  const stateDir = join(directory, '.daruma');
  const work = { ...sourceContext(directory), scratchDir: context.scratchDir, stateDir };
  const { summary } = await makePoint(context, createSource(source, work), {
    ...{ name: null, why: 'person', now: Date.now, chance: Math.random },
    ...{ signal: new AbortController().signal, onProgress: () => undefined },
  });
  return summary;
}
