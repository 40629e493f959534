/** The accounts example under a Daruma of its own: free ports, no state left behind. */
import { execFile } from 'node:child_process';
import {
  cpSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { StackView } from '../src/model/view.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('../bin/daruma.js', import.meta.url));
const example = fileURLToPath(new URL('../examples/accounts', import.meta.url));
const packages = fileURLToPath(new URL('../node_modules', import.meta.url));

/** Runs `daruma …` on it and resolves with what that printed. */
export type Call = (...args: readonly string[]) => Promise<string>;

export interface ExampleOptions {
  /** Answers to checks may take long: a machine that is busy with tests is no fault. */
  readonly patient?: boolean;
}

/** Works on it once all is up. */
export async function withExample<T>(
  work: (call: Call) => Promise<T>,
  { patient = false }: ExampleOptions = {},
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-example-'));
  // Messages name the program as it was called.
  const daruma = join(directory, 'daruma');
  symlinkSync(program, daruma);
  const cwd = patient ? patientCopy(join(directory, 'accounts')) : example;
  const [DB_PORT, API_PORT, WEB_PORT] = await freePorts(3);
  const env = { ...process.env, DB_PORT, API_PORT, WEB_PORT };
  const call: Call = async (...args) => {
    const all = [daruma, '--state-dir', join(directory, 'state'), ...args];
    const { stdout } = await run(process.execPath, all, { cwd, env });
    return stdout;
  };
  try {
    await call('up', '--detach');
    while (!isSettled(JSON.parse(await call('ps', '--json')))) await delay(200);
    return await work(call);
  } finally {
    try {
      await call('down');
    } finally {
      removeSharedData(join(directory, 'state/data/db.1'));
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

function patientCopy(directory: string): string {
  const isOfThis = (file: string) => !/\/(?:\.daruma|secrets|node_modules)$/.test(file);
  cpSync(example, directory, { recursive: true, filter: isOfThis });
  symlinkSync(packages, join(directory, 'node_modules'));
  const file = join(directory, 'daruma.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('timeout: 1s', 'timeout: 8s'));
  return directory;
}

/** The standby has every acknowledged write: it may take over. And nothing is wrong. */
function isSettled({ services, openIncidents }: StackView): boolean {
  const whole = services.every(({ group }) => group === undefined || group.eligible.length > 0);
  return whole && openIncidents.length === 0;
}

/** The data of root's databases lies elsewhere, behind a link. */
function removeSharedData(link: string): void {
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  rmSync(dirname(readlinkSync(link)), { recursive: true, force: true });
}

async function freePorts(count: number): Promise<string[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  return servers.map((server) => {
    const address = server.address();
    server.close();
    return typeof address === 'object' ? String(address?.port) : '';
  });
}
