/** The controller process: wires the shell's parts together. */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Controller } from './controller/controller.ts';
import { ErrorScene } from './controller/error-scene.ts';
import { giveBack } from './controller/give-back.ts';
import {
  type AskedConfiguration,
  forgetAsked,
  type KeptConfiguration,
  keep,
  readAsked,
  readKept,
} from './controller/kept-configuration.ts';
import { openStateDir } from './controller/state-dir.ts';
import { systemClock, systemRandom } from './controller/system-clock.ts';
import { watchWakefulness } from './controller/wakefulness.ts';
import { neededDrivers } from './drivers/needed.ts';
import { createEndpoints } from './endpoint/client.ts';
import { keeperLink } from './keeper/link.ts';
import { defaultConsole } from './model/console-spec.ts';
import { DarumaError, errorInfo } from './model/errors.ts';
import { type Layout, layout } from './model/layout.ts';
import { storeMemory } from './notify/memory.ts';
import { createNotifier } from './notify/notifier.ts';
import { createObserver } from './observe/observer.ts';
import { nextSlot } from './ports/clock.ts';
import { withoutCompileCache } from './ports/compile-cache.ts';
import { faultPoint } from './ports/fault-point.ts';
import type { KeeperLink } from './ports/keeper.ts';
import { type Lock, waitForLockOrDisk } from './ports/lock.ts';
import { outliveOutput } from './ports/own-output.ts';
import { reportAccess } from './server/report-access.ts';
import { ReportDoor, removeReportSocket } from './server/report-door.ts';
import type { Server } from './server/server.ts';
import { readDotenv } from './stack/dotenv-file.ts';
import { openStore } from './store/store.ts';
import type { Blanks } from './supervise/blanks.ts';
import { endOffset, readLogs } from './supervise/logs.ts';
import { createProcesses } from './supervise/processes.ts';
import { asUser } from './supervise/user.ts';
import { jobRunner } from './vault/run-job.ts';
import { version } from './version.ts';

/** Another controller that is on its way out is waited for so long. */
const lockPatienceMs = 30_000;
/** By then most stacks run. */
const startedMs = 10_000;
/** Who asks us something waits no longer than this for what is started first. */
const firstStartsMs = 5_000;

/** Straight to the file, line by line: a stream would stay broken after the disk was full once. */
function log(text: string): void {
  const line = `${new Date().toISOString()} ${text}\n`;
  try {
    writeSync(1, line);
  } catch {
    // On a disk that is full or read-only the line is lost; `daruma ps` tells of the disk.
  }
}

export interface Asked {
  readonly stateDir: string;
  readonly file: string;
  /** The stack file is read once for each. */
  readonly asOf: string;
  /** Names the keeper. */
  readonly keeperId: string;
}

/** What the stack file said when somebody asked for it: who asked has read it, or we do. */
async function configurationOf(what: Asked): Promise<AskedConfiguration> {
  const { stateDir, asOf } = what;
  const asked = await readAsked(stateDir, asOf);
  if (asked !== null) return asked;
  const kept = await readKept(stateDir);
  return { ...(kept?.asOf === asOf ? kept : await readAnew(what, kept)), upBy: null };
}

/** What the stack file says; while it is wrong, what it said when it last was right. */
async function readAnew(
  { file, asOf }: Asked,
  kept: KeptConfiguration | null,
): Promise<KeptConfiguration> {
  // Seldom needed, and a third of all that a controller would have to load.
  const { readStack } = await import('./stack/read.ts');
  const { formatProblem } = await import('./stack/problem.ts');
  let problems: string;
  try {
    const result = await readStack({ file, environment: process.env });
    if (result.ok) {
      return { asOf, readAt: Date.now(), sources: result.sources, spec: result.spec };
    }
    problems = result.problems.map(formatProblem).join('\n');
    if (kept === null) throw new DarumaError('STACK_INVALID', problems);
  } catch (error) {
    if (kept === null) throw error;
    problems = errorInfo(error).message;
  }
  log(`the stack file has errors, going on with the last good one:\n${problems}`);
  return kept;
}

/** A full disk must not keep us from running: the copy is then of the last good moment. */
async function keepConfiguration(stateDir: string, configuration: KeptConfiguration) {
  try {
    await keep(stateDir, configuration);
  } catch (error) {
    log(`the stack file could not be kept: ${errorInfo(error).message}`);
  }
}

interface Opening {
  readonly configuration: KeptConfiguration;
  readonly stateDir: string;
  readonly keeper: KeeperLink;
  readonly blanks: Blanks;
}

/** The shell's parts, none of which does anything yet. */
async function openParts({ configuration, stateDir, keeper, blanks }: Opening) {
  const { spec } = configuration;
  const paths = layout(stateDir);
  const stackId = await openStateDir(stateDir, spec);
  await keepConfiguration(stateDir, configuration);
  const clock = systemClock();
  const host = hostname();
  const errorScene = new ErrorScene({ stateDir, logEnd: endOffset });
  const store = await openStore({
    file: paths.database,
    describeError: errorScene.describe,
  });
  faultPoint('up.store-open');
  return {
    stackId,
    clock,
    host,
    store,
    errorScene,
    reports: reportAccess(paths, stackId, log),
    processes: createProcesses({ layout: paths, stackId, clock, blanks, onTrouble: log }),
    endpoints: createEndpoints({ layout: paths, clock, keeper }),
    observer: createObserver({
      clock,
      random: systemRandom,
      host,
      stateDir,
      logReader: {
        end: endOffset,
        follow: (logDir, sinceOffset, signal) =>
          readLogs(logDir, { sinceOffset, follow: true, signal }),
      },
      logPlacesFile: paths.logPlacesFile,
      log,
      asUser,
    }),
    notifier: createNotifier({
      clock,
      onError: (report) => store.reportErrors([report]),
      workingDir: spec.directory,
      memory: await storeMemory(store),
      variable: (name) => readDotenv(spec.directory, process.env).lookup(name),
    }),
  };
}

type Ending = 'down' | 'detach' | 'let-go';

interface Closing {
  readonly parts: Awaited<ReturnType<typeof openParts>>;
  readonly keeper: KeeperLink;
  readonly lock: Lock;
  readonly closeController: () => Promise<void>;
}

/** Ends this process, once: how much of what is around it ends too is told by `how`. */
function ending({ parts, keeper, lock, closeController }: Closing) {
  let begun = false;
  return async (how: Ending): Promise<void> => {
    if (begun) return;
    begun = true;
    // The answer to who asked is on its way; the server ends last.
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (how === 'down') {
      await parts.endpoints.shutdown();
      faultPoint('down.endpoints-closed');
    }
    await closeController();
    if (how === 'down') await removeReportSocket(parts.reports);
    lock.release();
    if (how === 'down') await keeper.shutdown();
    else if (how === 'detach') await keeper.detach();
    process.exit(0);
  };
}

/**
 * What answers requests is loaded after what was asked for has been started, which needs none of
 * it; and a new process costs the more the more there is in memory.
 */
async function firstStarts(
  controller: Controller,
  { stateDir, asOf }: Asked,
  upBy: string | null,
): Promise<void> {
  const isWanted = () => forgetAsked(stateDir, asOf);
  const started = controller.begin(upBy, isWanted).catch((error: unknown) => {
    log(`up: ${errorInfo(error).message}`);
  });
  const late = new AbortController();
  const patience = pause(firstStartsMs, undefined, { signal: late.signal }).catch(() => undefined);
  await Promise.race([started, patience]);
  late.abort();
}

interface Serving {
  readonly parts: Closing['parts'];
  readonly keeper: KeeperLink;
  readonly controller: Controller;
  readonly configuration: KeptConfiguration;
  readonly paths: Layout;
  readonly door: ReportDoor;
}

async function openServers(serving: Serving): Promise<Server> {
  const { parts, keeper, controller, configuration, paths, door } = serving;
  const { startServers } = await import('./server/servers.ts');
  const { host, reports: access } = parts;
  const common = { api: controller, host, log };
  const control = await startServers({ ...common, access, socket: paths.controlSocket }, door);
  const { console = defaultConsole } = configuration.spec;
  keeper.console(console === null ? null : { ...console, stackId: parts.stackId });
  keeper.onConnection((connection) => control.accept(connection));
  return control;
}

async function main(what: Asked, blanks: Blanks): Promise<void> {
  const { stateDir, keeperId } = what;
  const paths = layout(stateDir);
  const keeper = keeperLink(paths);
  const lock = await waitForLockOrDisk(paths.controllerLock, lockPatienceMs, () => {
    log('another controller was faster');
    process.exit(1);
  });
  if (lock === null) throw new DarumaError('ALREADY_RUNNING', 'another controller does not end');
  faultPoint('up.locked');
  const configuration = await configurationOf(what);
  const drivers = await neededDrivers(configuration.spec.services);
  const parts = await openParts({ configuration, stateDir, keeper, blanks });
  const door = new ReportDoor();
  const closeController = async () => {
    door.close();
    await controller.close();
    await Promise.all(servers.map((server) => server.close()));
  };
  const close = ending({ parts, keeper, lock, closeController });
  // Half ended, it would take requests and carry out none. The next one ends what is left.
  let ends = false;
  const end = (how: Ending) => {
    ends = true;
    return close(how).catch((error: unknown) => {
      log(`${how}: ${errorInfo(error).message}`);
      process.exit(1);
    });
  };
  const controller = new Controller({
    ...parts,
    configuration,
    stateDir,
    version,
    environment: process.env,
    nodePath: process.execPath,
    random: systemRandom,
    drivers,
    runJob: jobRunner({ environment: process.env }),
    log,
    newRequestId: randomUUID,
    keeperId,
    end,
  });
  const servers: Server[] = [];
  process.once('SIGTERM', () => void end('let-go'));
  keeper.onLost(() => void end('let-go'));
  await door.open(parts.reports, log);
  await controller.start();
  keeper.onTerminate(() => {
    controller.request('daruma', { kind: 'down' }).catch((error: unknown) => {
      log(`down: ${errorInfo(error).message}`);
    });
  });
  await firstStarts(controller, what, configuration.upBy);
  if (ends) return;
  servers.push(await openServers({ parts, keeper, controller, configuration, paths, door }));
  watchWakefulness(
    parts.clock,
    (ms) => controller.slept(ms),
    (now) => nextSlot(now),
  );
  // Only now: what is still opening can't be closed.
  await controller.finishDown();
  log(`controller ${version} of stack ${configuration.spec.name} decides`);
  setTimeout(() => {
    blanks.end();
    giveBack();
  }, startedMs);
}

/** `blanks`: launchers made ahead, for what is to be started soon. Never rejects. */
export async function runController(what: Asked, blanks: Blanks): Promise<void> {
  outliveOutput();
  withoutCompileCache(process.env);
  try {
    await main(what, blanks);
  } catch (error) {
    log(`controller: ${errorInfo(error).message}`);
    process.exit(1);
  }
}
