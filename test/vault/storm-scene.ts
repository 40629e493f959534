/** A service that writes, two places, and jobs on its recovery points that may be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { ServiceName } from '../../src/model/ids.ts';
import type { StackSpec } from '../../src/model/stack-spec.ts';
import type { VaultContext } from '../../src/ports/vault.ts';
import type { JobMessage } from '../../src/ports/vault-job.ts';
import { readStack } from '../../src/stack/read.ts';
import { freePort } from '../free-port.ts';
import { type Key, newKey } from './bare-scene.ts';

export const services = ['files', 'bank'] as const;

const secrets = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };

function stackFile(port: number, recipient: string): string {
  const points = `
      every: 1h
      keep: { last: 10000 }
      to: [./vault, { s3: { endpoint: "http://127.0.0.1:${port}", bucket: backups } }]
      encrypt_to: [${recipient}]`;
  return `
name: storm
services:
  files:
    command: files
    recovery_points:
      paths: [./data]${points}
  bank:
    command: bank
    recovery_points:
      sqlite: [./bank.db]${points}
`;
}

function program(name: string, ...args: readonly string[]): ChildProcess {
  const file = fileURLToPath(new URL(name, import.meta.url));
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...args], {
    env: { ...process.env, ...secrets },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

export interface Job {
  readonly child: ChildProcess;
  /** What it told last; null: it was gone before. */
  readonly told: Promise<JobMessage | null>;
}

export class StormScene {
  readonly directory: string;
  readonly key: Key;
  readonly #spec: StackSpec;
  readonly #port: number;
  #writer: ChildProcess | null = null;
  #storage: ChildProcess | null = null;

  private constructor(directory: string, key: Key, spec: StackSpec, port: number) {
    this.directory = directory;
    this.key = key;
    this.#spec = spec;
    this.#port = port;
  }

  static async open(directory: string): Promise<StormScene> {
    const key = await newKey(directory);
    const port = await freePort();
    const recipient = key.spec.kind === 'recipient' ? key.spec.recipient : '';
    const file = join(directory, 'daruma.yaml');
    writeFileSync(file, stackFile(port, recipient));
    for (const name of ['data', '.daruma/run']) {
      mkdirSync(join(directory, name), { recursive: true });
    }
    const result = await readStack({ file, environment: secrets });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    Object.assign(process.env, secrets);
    return new StormScene(directory, key, result.spec, port);
  }

  /** Of our own process: what is listed. */
  context(service: ServiceName): VaultContext {
    const spec = this.#spec.services.find(({ name }) => name === service)?.recoveryPoints;
    if (spec === undefined) throw new Error(`${service} has no recovery points`);
    const own = join(this.directory, 'own', service);
    return {
      ...{ stack: this.#spec.name, service, spec, version: '1' },
      ...{ indexDir: join(own, 'index'), scratchDir: join(own, 'scratch') },
    };
  }

  /** All is there that a point needs. */
  async repair(): Promise<void> {
    if (this.#writer === null) {
      this.#writer = program('./storm-writer.ts', this.directory);
      await firstLine(this.#writer);
    }
    if (this.#storage === null) {
      const directory = join(this.directory, 's3');
      this.#storage = program('./s3-server.ts', directory, String(this.#port));
      await firstLine(this.#storage);
    }
  }

  make(service: ServiceName): Job {
    const child = program('../../src/vault-main.ts');
    const scene = {
      ...{ spec: this.#spec, service, stateDir: join(this.directory, '.daruma') },
      ...{ version: '1', running: [], primary: `${service}/1` },
    };
    const work = { kind: 'make', name: null, why: 'schedule' };
    // It may be killed before it reads.
    child.stdin?.on('error', () => undefined);
    child.stdin?.write(`${JSON.stringify({ scene, work })}\n`);
    return { child, told: lastMessage(child) };
  }

  async killWriter(): Promise<void> {
    if (this.#writer !== null) await end(this.#writer);
    this.#writer = null;
  }

  async killStorage(): Promise<void> {
    if (this.#storage !== null) await end(this.#storage);
    this.#storage = null;
  }

  /** As a disk that is unmounted; it may be nowhere yet. Returns how it comes back. */
  takeDiskAway(): () => void {
    const [here, away] = [join(this.directory, 'vault'), join(this.directory, 'vault-away')];
    try {
      renameSync(here, away);
    } catch {
      return () => undefined;
    }
    return () => {
      // A directory may have been made anew in its place, but nothing was written there.
      const made = existsSync(here)
        ? readdirSync(here, { withFileTypes: true, recursive: true })
        : [];
      const files = made.filter((entry) => entry.isFile()).map(({ name }) => name);
      if (files.length > 0) throw new Error(`${files.join(', ')} in the place of the disk`);
      rmSync(here, { recursive: true, force: true });
      renameSync(away, here);
    };
  }

  async close(): Promise<void> {
    await this.killWriter();
    await this.killStorage();
  }
}

async function firstLine(child: ChildProcess): Promise<void> {
  if (child.stdout === null || child.stderr === null) throw new Error('it has no output');
  const said = text(child.stderr);
  const ended = once(child, 'exit').then(async () => Promise.reject(new Error(await said)));
  await Promise.race([once(child.stdout, 'data'), ended]);
  ended.catch(() => undefined);
  child.stdout.resume();
}

async function lastMessage({ stdout, stderr }: ChildProcess): Promise<JobMessage | null> {
  if (stdout === null || stderr === null) throw new Error('it has no output');
  stderr.resume();
  const lines = (await text(stdout)).trim().split('\n');
  try {
    const message = JSON.parse(lines.at(-1) ?? '') as JobMessage;
    return message.kind === 'progress' ? null : message;
  } catch {
    return null; // It ended in the middle of a line, or before the first.
  }
}
