/**
 * The API process: wires the console and the API to the running stack. Started by the keeper as
 * `api-main --state-dir DIR --settings JSON` when somebody connects.
 */
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ControlClient } from './cli/control-client.ts';
import { externalLines } from './cli/external-logs.ts';
import { entry } from './model/entry.ts';
import { errorInfo } from './model/errors.ts';
import { type InstanceId, serviceOf } from './model/ids.ts';
import { instanceLogDir, layout } from './model/layout.ts';
import { withoutCompileCache } from './ports/compile-cache.ts';
import type { ConsoleSettings } from './ports/keeper.ts';
import { outliveOutput } from './ports/own-output.ts';
import { identify } from './ports/process-identity.ts';
import { serveForKeeper } from './server/api/api-process.ts';
import type { DrillOrder } from './server/api/drills.ts';
import type { LogLine, LogSource } from './server/api/stack-link.ts';
import { readLogs } from './supervise/logs.ts';
import { asUser } from './supervise/user.ts';
import { version } from './version.ts';

function log(text: string): void {
  try {
    writeSync(1, `${new Date().toISOString()} api: ${text}\n`);
  } catch {
    // On a disk that is full or read-only the line is lost; `daruma ps` tells of the disk.
  }
}

/** What Daruma has kept of an instance, or what the service's own command prints: this has no
 * offsets, so that its lines are numbered from where one begins. */
async function* logOf(
  stateDir: string,
  link: ControlClient,
  instance: InstanceId,
  options: Parameters<LogSource['read']>[1],
): AsyncGenerator<LogLine> {
  const { spec } = await link.configuration();
  const service = spec.services.find(({ name }) => name === serviceOf(instance));
  if (service?.external?.logs == null) {
    yield* readLogs(instanceLogDir(stateDir, instance), options);
    return;
  }
  const { sinceOffset, ...rest } = options;
  const from = sinceOffset === undefined ? rest : { ...rest, tail: 0 };
  const surroundings = { wiring: { asUser }, io: { environment: process.env }, warn: log };
  let offset = sinceOffset ?? 0;
  for await (const { text } of externalLines(surroundings, instance, service, from)) {
    yield { text, offset, next: offset + 1 };
    offset += 1;
  }
}

/** The command line's own drill, in a process that ends what it began. */
function startDrill(stateDir: string, { fault, target, timeoutS, by }: DrillOrder, output: number) {
  const main = fileURLToPath(entry(import.meta.url, './main'));
  const args = ['drill', fault, target, '--timeout', String(timeoutS), '--state-dir', stateDir];
  const child = spawn(process.execPath, [...process.execArgv, main, '--json', ...args], {
    detached: true,
    env: { ...process.env, DARUMA_BY: by },
    stdio: ['ignore', output, output],
  });
  child.on('error', (error) => log(`drill: ${error.message}`));
  child.unref();
  return child.pid === undefined ? null : identify(child.pid);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'state-dir': { type: 'string' }, settings: { type: 'string' } },
  });
  const { 'state-dir': stateDir = '', settings = '{}' } = values;
  const link = new ControlClient(stateDir);
  await serveForKeeper({
    version,
    layout: layout(stateDir),
    settings: JSON.parse(settings) as ConsoleSettings,
    link,
    logs: { read: (instance, options) => logOf(stateDir, link, instance, options) },
    startDrill: (order, output) => startDrill(stateDir, order, output),
    filesDirectory: fileURLToPath(new URL('../dist/web', import.meta.url)),
    log,
  });
}

outliveOutput();
withoutCompileCache(process.env);
main().catch((error: unknown) => {
  log(errorInfo(error).message);
  process.exit(1);
});
