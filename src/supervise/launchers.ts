/** Makes launchers, and other processes in the tree of an instance, out of what is to be run. */
import { DarumaError } from '../model/errors.ts';
import type { InstanceId } from '../model/ids.ts';
import type { LaunchSpec } from '../ports/processes.ts';
import type { Blanks } from './blanks.ts';
import type { Cgroups } from './cgroup.ts';
import { Fifos } from './fifos.ts';
import type { WaitingLauncher } from './instance.ts';
import type { InstanceLogs } from './instance-logs.ts';
import { Launcher, spawnInside } from './launcher.ts';
import { requireProgram } from './program.ts';
import type { RunFiles, RunRecord } from './run-file.ts';
import { slotsOf } from './run-file.ts';
import { markName } from './tree.ts';
import { Turnstile } from './turnstile.ts';
import type { Identity } from './user.ts';
import { environmentFor, identityOf } from './user.ts';

type Environment = Readonly<Record<string, string>>;

export interface LaunchersOptions {
  readonly stackId: string;
  readonly files: RunFiles;
  readonly logs: InstanceLogs;
  readonly cgroups: Cgroups | null;
  readonly blanks: Blanks;
}

export class Launchers {
  readonly #stackId: string;
  readonly #files: RunFiles;
  readonly #logs: InstanceLogs;
  readonly #cgroups: Cgroups | null;
  readonly #blanks: Blanks;
  readonly #spawns = new Turnstile();
  readonly #fifos = new Fifos();

  constructor({ stackId, files, logs, cgroups, blanks }: LaunchersOptions) {
    this.#stackId = stackId;
    this.#blanks = blanks;
    this.#files = files;
    this.#logs = logs;
    this.#cgroups = cgroups;
  }

  mark(id: InstanceId): string {
    return `${this.#stackId}:${id}`;
  }

  /** A launcher will be made for it: what can be made for many at once is begun. `lastSlot`: as for
   * `make`. */
  foresee(id: InstanceId, lastSlot: string | null): void {
    this.#cgroups?.foresee(nextSlot(id, lastSlot));
    // Whoever makes the launcher asks again, and hears why it can't be done.
    this.#fifos.ensure(this.#files.fifo(id, null)).catch(() => undefined);
  }

  /** Whether a launcher may serve for this start. Throws USER_UNKNOWN. */
  serves(waiting: WaitingLauncher, spec: LaunchSpec): boolean {
    const isSame =
      isSameSpec(waiting.spec, spec) && isEqual(waiting.identity, identityOf(spec.user));
    return isSame && this.#logs.serves(spec.instance, spec.logging);
  }

  /** `lastSlot`: the cgroup that it must not share. Rejects with START_FAILED or USER_UNKNOWN. */
  async make(spec: LaunchSpec, lastSlot: string | null): Promise<WaitingLauncher> {
    const identity = identityOf(spec.user);
    requireProgram(spec.argv[0], spec.workingDir, spec.environment['PATH']);
    try {
      return await this.#make(spec, identity, lastSlot);
    } catch (cause) {
      if (cause instanceof DarumaError) throw cause;
      const text = `${spec.instance}: what it needs to run can't be made`;
      throw new DarumaError('START_FAILED', text, { cause });
    }
  }

  async #make(
    spec: LaunchSpec,
    identity: Identity | null,
    lastSlot: string | null,
  ): Promise<WaitingLauncher> {
    const { instance, argv, workingDir } = spec;
    const next = nextSlot(instance, lastSlot);
    const slot = this.#cgroups === null ? null : next;
    const log = await this.#logs.open(instance, spec.logging);
    const fifo = await this.#fifo(instance, slot);
    const last = lastSlot === null ? null : await this.#fifo(instance, lastSlot);
    const join = (await this.#cgroups?.join(next, spec.limits)) ?? [];
    await this.#spawns.pass();
    const oomKills = this.#cgroups?.oomKills(next) ?? null;
    const identified = this.#identified(instance, spec.user, spec.environment);
    const plan = { ...identified, argv, workingDir, log, fifo, last, join };
    const launcher = await Launcher.of(this.#blanks.take(), plan);
    return { launcher, spec, identity, slot, oomKills };
  }

  /** Starts a process in the tree of a run; resolves with its pid. */
  async inject(
    record: Pick<RunRecord, 'instance' | 'slot' | 'user'>,
    argv: readonly string[],
  ): Promise<number> {
    const { instance, slot, user } = record;
    const join = slot === null ? [] : (this.#cgroups?.joinFiles(slot) ?? []);
    const plan = {
      ...this.#identified(instance, user, ownEnvironment()),
      ...{ argv, workingDir: '/', join, log: '/dev/null' },
      fifo: await this.#fifo(instance, slot),
    };
    return spawnInside(this.#blanks.take(), plan);
  }

  #identified(id: InstanceId, user: string | null, environment: Environment) {
    const identity = identityOf(user);
    const marked = { ...environment, [markName]: this.mark(id) };
    return { identity, environment: environmentFor(identity, marked) };
  }

  async #fifo(id: InstanceId, slot: string | null): Promise<string> {
    const path = this.#files.fifo(id, slot);
    await this.#fifos.ensure(path);
    return path;
  }
}

/** What was not made anew since is not looked into. */
function isSameSpec(a: LaunchSpec, b: LaunchSpec): boolean {
  const names = Object.keys(a) as (keyof LaunchSpec)[];
  return names.length === Object.keys(b).length && names.every((name) => isEqual(a[name], b[name]));
}

function isEqual(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function ownEnvironment(): Environment {
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? '']));
}

/** The one of the two that the run before is not in. */
function nextSlot(id: InstanceId, lastSlot: string | null): string {
  const [first, second] = slotsOf(id);
  return lastSlot === first ? second : first;
}
