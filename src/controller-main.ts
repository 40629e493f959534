/**
 * The controller process: wires the shell's parts together. Started by the keeper as
 * `controller-main --state-dir DIR --file FILE`; it ends with 0 only when it is meant to.
 */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { Controller } from './controller/controller.ts';
import { openStateDir } from './controller/state-dir.ts';
import { systemClock, systemRandom } from './controller/system-clock.ts';
import { watchWakefulness } from './controller/wakefulness.ts';
import { createDrivers } from './drivers/index.ts';
import { createEndpoints } from './endpoint/client.ts';
import { keeperLink } from './keeper/link.ts';
import { DarumaError, errorInfo } from './model/errors.ts';
import { layout } from './model/layout.ts';
import type { StackSpec } from './model/stack-spec.ts';
import { createNotifier } from './notify/notifier.ts';
import { createObserver } from './observe/observer.ts';
import { withoutCompileCache } from './ports/compile-cache.ts';
import { faultPoint } from './ports/fault-point.ts';
import type { KeeperLink } from './ports/keeper.ts';
import { type Lock, waitForLock } from './ports/lock.ts';
import { outliveOutput } from './ports/own-output.ts';
import { identify } from './ports/process-identity.ts';
import { startServer } from './server/server.ts';
import { formatProblem } from './stack/problem.ts';
import { readStack } from './stack/read.ts';
import { openStore } from './store/store.ts';
import { endOffset, readLogs } from './supervise/logs.ts';
import { createProcesses } from './supervise/processes.ts';
import { becomeUser, identityOf } from './supervise/user.ts';
import { version } from './version.ts';

/** Another controller that is on its way out is waited for so long. */
const lockPatienceMs = 30_000;

/** Straight to the file, line by line: a stream would stay broken after the disk was full once. */
function log(text: string): void {
  const line = `${new Date().toISOString()} ${text}\n`;
  try {
    writeSync(1, line);
  } catch {
    // On a disk that is full or read-only the line is lost; `daruma ps` tells of the disk.
  }
}

/** The stack as it is now; while its file is wrong, as it was when it last was right. */
async function currentSpec(file: string, stateDir: string): Promise<StackSpec> {
  const kept = `${stateDir}/spec.json`;
  const result = await readStack({ file, environment: process.env });
  if (result.ok) return result.spec;
  const problems = result.problems.map(formatProblem).join('\n');
  try {
    const spec: StackSpec = JSON.parse(await readFile(kept, 'utf8'));
    log(`the stack file has errors, going on with the last good one:\n${problems}`);
    return spec;
  } catch (cause) {
    throw new DarumaError('STACK_INVALID', problems, { cause });
  }
}

/** A full disk must not keep us from running: the copy is then of the last good moment. */
async function keepSpec(spec: StackSpec, stateDir: string): Promise<void> {
  try {
    await writeFile(`${stateDir}/spec.json.new`, JSON.stringify(spec), { mode: 0o600 });
    await rename(`${stateDir}/spec.json.new`, `${stateDir}/spec.json`);
  } catch (error) {
    log(`the stack file could not be kept: ${errorInfo(error).message}`);
  }
}

/** The shell's parts, none of which does anything yet. */
async function openParts(spec: StackSpec, stateDir: string, keeper: KeeperLink) {
  const paths = layout(stateDir);
  const stackId = await openStateDir(stateDir, spec);
  await keepSpec(spec, stateDir);
  const clock = systemClock();
  const host = hostname();
  const store = await openStore({ file: paths.database });
  faultPoint('up.store-open');
  return {
    stackId,
    clock,
    host,
    store,
    processes: createProcesses({ layout: paths, stackId, clock, onTrouble: log }),
    endpoints: createEndpoints({ layout: paths, clock, keeper }),
    observer: createObserver({
      clock,
      random: systemRandom,
      host,
      stateDir,
      followLog: (logDir, signal) =>
        readLogs(logDir, { sinceOffset: endOffset(logDir), follow: true, signal }),
      asUser: (user) => {
        const identity = identityOf(user);
        return identity === null ? [] : becomeUser(identity);
      },
    }),
    notifier: createNotifier({
      clock,
      onError: (report) => store.reportErrors([report]),
      workingDir: spec.directory,
    }),
  };
}

interface Closing {
  readonly parts: Awaited<ReturnType<typeof openParts>>;
  readonly keeper: KeeperLink;
  readonly lock: Lock;
  readonly closeController: () => Promise<void>;
}

/** Ends this process, once: how much of what is around it ends too is told by `how`. */
function ending({ parts, keeper, lock, closeController }: Closing) {
  let begun = false;
  return async (how: 'down' | 'detach' | 'let-go'): Promise<void> => {
    if (begun) return;
    begun = true;
    // The answer to who asked is on its way; the server ends last.
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (how === 'down') {
      await parts.endpoints.shutdown();
      faultPoint('down.endpoints-closed');
    }
    await closeController();
    lock.release();
    if (how === 'down') await keeper.shutdown();
    else if (how === 'detach') await keeper.detach();
    process.exit(0);
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'state-dir': { type: 'string' }, file: { type: 'string' } },
  });
  const { 'state-dir': stateDir, file } = values;
  if (stateDir === undefined || file === undefined) {
    throw new DarumaError('BAD_REQUEST', 'controller needs --state-dir and --file');
  }
  const paths = layout(stateDir);
  const keeper = keeperLink(paths);
  const lock = await waitForLock(paths.controllerLock, lockPatienceMs);
  if (lock === null) throw new DarumaError('ALREADY_RUNNING', 'another controller does not end');
  faultPoint('up.locked');
  const spec = await currentSpec(file, stateDir);
  const parts = await openParts(spec, stateDir, keeper);
  const closeController = async () => {
    await controller.close();
    await server?.close();
  };
  const end = ending({ parts, keeper, lock, closeController });
  const controller = new Controller({
    ...parts,
    spec,
    stateDir,
    version,
    environment: process.env,
    nodePath: process.execPath,
    random: systemRandom,
    drivers: createDrivers(),
    log,
    newRequestId: randomUUID,
    keeperId: JSON.stringify(identify(process.ppid)),
    end,
  });
  let server: { close(): Promise<void> } | null = null;
  process.once('SIGTERM', () => void end('let-go'));
  keeper.onLost(() => void end('let-go'));
  await controller.start();
  server = await startServer({
    api: controller,
    socket: paths.controlSocket,
    host: parts.host,
    log,
  });
  keeper.onTerminate(() => {
    controller.request('daruma', { kind: 'down' }).catch((error: unknown) => {
      log(`down: ${errorInfo(error).message}`);
    });
  });
  watchWakefulness(parts.clock, (ms) => controller.slept(ms));
  log(`controller ${version} of stack ${spec.name} decides`);
}

outliveOutput();
withoutCompileCache(process.env);
main().catch((error: unknown) => {
  log(`controller: ${errorInfo(error).message}`);
  process.exit(1);
});
