/** A point of a database whose driver knows how to recover it, as the subject of a drill. */
import { join } from 'node:path';
import { DarumaError } from '../model/errors.ts';
import type { PointSummary } from '../model/recovery-point.ts';
import type { DataDriver, DataScene, LogStore } from '../ports/data-driver.ts';
import type { DrillSubject } from './drill.ts';
import { makeDrillDirectory } from './drill-place.ts';
import type { CommandRun } from './sources/context.ts';
import { verifyByCommand } from './sources/tied-job.ts';

export interface CopyOfDatabase {
  readonly driver: DataDriver;
  readonly scene: DataScene;
  readonly point: PointSummary;
  /** What the vault has of the log: what is on this machine only would be lost with it. */
  readonly log: LogStore;
  readonly logKeys: readonly string[];
  /** Of a running instance, or where one would be; who owns it must reach the copy. */
  readonly realDirectory: string;
  /** The files of the point into a new directory, every one checked. */
  readonly restoreInto: (directory: string, signal: AbortSignal) => Promise<void>;
  readonly runOf: (port: number | null, dataDir: string) => CommandRun;
}

const damagesTold = 3;

export function databaseSubject(copy: CopyOfDatabase): DrillSubject {
  const { driver, scene, point, log, logKeys, runOf } = copy;
  const dataIn = (directory: string) => join(directory, 'data');
  return {
    restorableUntil: driver.reach(point, logKeys).until,
    restore: async (directory, signal) => {
      await makeDrillDirectory(directory, copy.realDirectory);
      await copy.restoreInto(dataIn(directory), signal);
      await driver.recover(scene, {
        ...{ directory: dataIn(directory), point, log, signal },
        ...{ target: { kind: 'latest' }, withLocalLog: false, onProgress: () => undefined },
      });
    },
    check: (directory, signal) => checkPages(driver, dataIn(directory), signal),
    start: async (directory, signal) => {
      const dataDir = dataIn(directory);
      const served = await driver.serveCopy(scene, dataDir, signal);
      return {
        ...{ port: served.port, dataDir, notes: [] },
        firstValue: (query, timeoutMs) => served.firstValue(query, timeoutMs),
        run: (command, timeoutMs, during) =>
          verifyByCommand(command, timeoutMs, runOf(served.port, dataDir), during),
        stop: () => served.stop(),
      };
    },
  };
}

async function checkPages(driver: DataDriver, directory: string, signal: AbortSignal) {
  const damages = await driver.checkFiles(directory, { signal, bytesPerSecondMax: null });
  if (damages.length === 0) return;
  const told = damages.slice(0, damagesTold).map(({ error }) => error.message);
  const more = damages.length > told.length ? `; ${damages.length} in all` : '';
  throw new DarumaError('DATA_DAMAGED', `${told.join('; ')}${more}`);
}
