/**
 * What is kept of the current or last run of each instance: `run/instances/api.2.json`.
 *
 * A rename makes a run file whole or absent, also when we are killed. It is not forced to the disk:
 * when the machine itself goes down the run is over, and the boot id tells (a file torn by that
 * counts as none).
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ExitInfo } from '../model/exit.ts';
import type { InstanceId } from '../model/ids.ts';
import { instanceFileName } from '../model/layout.ts';
import type { LoggingSpec } from '../model/stack-spec.ts';
import { readJsonFile, replaceFile } from '../ports/replace-file.ts';

const version = 1;

export interface RunRecord {
  readonly stackId: string;
  readonly instance: InstanceId;
  readonly pid: number;
  /** In ticks since boot: with the pid, the process and no other. */
  readonly startTicks: number;
  readonly bootId: string;
  readonly port: number | null;
  readonly user: string | null;
  /** Stack time. */
  readonly startedAt: number;
  /** Where the output of this run begins in the instance's log. */
  readonly logOffset: number;
  readonly logging: LoggingSpec;
  /** Name of its cgroup, below those of the stack; null: it has none. */
  readonly slot: string | null;
  /** Kills by the out-of-memory killer that its cgroup had counted before. */
  readonly oomKills: number | null;
  /** How it ended, as soon as that is known. */
  readonly exit: ExitInfo | null;
}

export class RunFiles {
  readonly #directory: string;

  constructor(runDir: string) {
    this.#directory = join(runDir, 'instances');
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  #path(instance: InstanceId): string {
    return join(this.#directory, `${instanceFileName(instance)}.json`);
  }

  /** The FIFO that every process of the instance inherits. */
  fifo(instance: InstanceId): string {
    return join(this.#directory, `${instanceFileName(instance)}.fifo`);
  }

  write(record: RunRecord): void {
    replaceFile(this.#path(record.instance), JSON.stringify({ version, ...record }));
  }

  remove(instance: InstanceId): void {
    rmSync(this.#path(instance), { force: true });
  }

  /** All that can be read and are of this stack. */
  readAll(stackId: string): readonly RunRecord[] {
    const names = readdirSync(this.#directory).filter((name) => name.endsWith('.json'));
    return names
      .map((name) => readJsonFile(join(this.#directory, name)))
      .filter(isRunRecord)
      .filter((record) => record.stackId === stackId);
  }
}

function isRunRecord(value: unknown): value is RunRecord {
  if (typeof value !== 'object' || value === null) return false;
  const numbers = ['pid', 'startTicks', 'startedAt', 'logOffset'];
  const strings = ['stackId', 'instance', 'bootId'];
  const fields = new Map(Object.entries(value));
  return (
    fields.get('version') === version &&
    numbers.every((name) => typeof fields.get(name) === 'number') &&
    strings.every((name) => typeof fields.get(name) === 'string')
  );
}
