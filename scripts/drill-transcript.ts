/** A real drill on the accounts example, as a person at a terminal sees it. */
import { execFile } from 'node:child_process';
import { lstatSync, mkdtempSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
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
const columns = 96;
const drill = ['drill', 'kill', 'db/1'];

/** Brings up a stack of its own, with free ports and a state directory that is removed again. */
export async function drillTranscript(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-transcript-'));
  // Messages name the program as it was called.
  const daruma = join(directory, 'daruma');
  symlinkSync(program, daruma);
  const [DB_PORT, API_PORT, WEB_PORT] = await freePorts(3);
  const env = { ...process.env, DB_PORT, API_PORT, WEB_PORT };
  const call = async (...args: readonly string[]): Promise<string> => {
    const all = [daruma, '--state-dir', join(directory, 'state'), ...args];
    const { stdout } = await run(process.execPath, all, { cwd: example, env });
    return stdout;
  };
  try {
    await call('up', '--detach');
    while (!isWhole(JSON.parse(await call('ps', '--json')))) await delay(200);
    const shown = await call(...drill);
    return [`$ daruma ${drill.join(' ')}`, ...shown.trimEnd().split('\n').map(wrapped)].join('\n');
  } finally {
    try {
      await call('down');
    } finally {
      removeSharedData(join(directory, 'state/data/db.1'));
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

/** The standby has every acknowledged write: it may take over. */
function isWhole({ services }: StackView): boolean {
  return services.every(({ group }) => group === undefined || group.eligible.length > 0);
}

/** The data of root's databases lies elsewhere, behind a link. */
function removeSharedData(link: string): void {
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  rmSync(dirname(readlinkSync(link)), { recursive: true, force: true });
}

/** The transcript without what differs from run to run. */
export function formOf(transcript: string): string {
  return transcript
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/, all within [\d.]+ m?s/g, '')
    .replaceAll(/\d+(?:\.\d+)? m?s\b/g, 'TIME')
    .replaceAll(/\d+ sent, \d+ failed/g, 'N sent, N failed');
}

/** A README shows no more columns than a terminal. */
function wrapped(line: string): string {
  const indent = `${/^ */.exec(line)?.[0] ?? ''}  `;
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const end = rest.lastIndexOf(' ', columns);
    if (end <= indent.length) break;
    lines.push(rest.slice(0, end));
    rest = indent + rest.slice(end + 1);
  }
  return [...lines, rest].join('\n');
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
