/**
 * Control groups of instances: who belongs to an instance, how to kill it whole, limits, and
 * whether the out-of-memory killer struck.
 *
 * Boundary: files below the cgroup mounts. A process joins by itself, before it becomes the program
 * (the launcher writes to the files that `join` names), so nothing it starts is ever outside.
 *
 * 1. Membership is the v2 hierarchy where one is mounted (alone, or as `unified` beside v1), for it
 *    can kill a whole tree at once; a v1 hierarchy otherwise.
 * 2. Each instance has two groups, used in turn: the next launcher waits in one while the program
 *    runs in the other. Joining costs up to 20 ms (the kernel waits for a grace period of RCU).
 * 3. A limit that the system can't set is not set; `enforcedBy` says so.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdir,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { LimitsSpec } from '../model/stack-spec.ts';
import type { LimitsEnforcement } from '../ports/processes.ts';
import { KeptFiles } from './kept-files.ts';
import { unless } from './system-error.ts';

type Controller = keyof LimitsEnforcement;
const controllers: readonly Controller[] = ['memory', 'cpu', 'pids'];

export const nothingEnforced: LimitsEnforcement = { memory: null, cpu: null, pids: null };

interface Mount {
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** The kernel doesn't have it, or we may not. */
const notToBeHad = [
  'ENOENT',
  'EACCES',
  'EPERM',
  'EROFS',
  'EBUSY',
  'EINVAL',
  'EOPNOTSUPP',
  'ENODEV',
];

function mounts(): readonly Mount[] {
  const lines = readFileSync('/proc/self/mounts', 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [, path = '', type = '', options = ''] = line.split(' ');
    return { path, type, options: options.split(',') };
  });
}

/** Our own group in the v2 hierarchy, below its mount. */
function ownGroup(): string {
  const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
  return lines.find((line) => line.startsWith('0::'))?.slice(3) ?? '/';
}

/** Whether a process can be put into a group below `base`. */
function usable(base: string): boolean {
  const probe = join(base, `probe-${process.pid}`);
  const made = unless(notToBeHad, () => mkdirSync(probe, { recursive: true }) ?? probe);
  if (made === null) return false;
  // Root may put processes anywhere; others need more rights than to make a group, so they try.
  const args = ['-c', 'echo 0 >"$1"', 'daruma', join(probe, 'cgroup.procs')];
  const asRoot = process.getuid?.() === 0;
  const joined = asRoot || spawnSync('/bin/sh', args, { stdio: 'ignore' }).status === 0;
  unless(notToBeHad, () => rmdirSync(probe));
  return joined;
}

/** Of the groups that we may write to, the one that outlives us best: the top, else our own. */
function baseOf(mount: Mount, stackId: string): string | null {
  const parents = [mount.path, ...(mount.type === 'cgroup2' ? [join(mount.path, ownGroup())] : [])];
  const bases = parents.map((parent) => join(parent, 'daruma', stackId));
  return bases.find(usable) ?? null;
}

export class Cgroups {
  readonly enforcedBy: LimitsEnforcement;
  readonly #kept = new KeptFiles();
  /** Of the hierarchy that holds membership. */
  readonly #base: string;
  readonly #v2: boolean;
  #delegated = false;
  /** Slots that are being made; true: all groups are new. */
  readonly #coming = new Map<string, Promise<boolean>>();
  /** Of v1 hierarchies, by controller. */
  readonly #v1: ReadonlyMap<Controller, string>;

  private constructor(base: string, v2: boolean, v1: ReadonlyMap<Controller, string>) {
    this.#base = base;
    this.#v2 = v2;
    this.#v1 = v1;
    this.ensure('probe');
    const available = v2
      ? readFileSync(join(base, 'probe', 'cgroup.controllers'), 'utf8').split(/\s+/)
      : [];
    this.#remove('probe');
    const by = (controller: Controller) => {
      if (available.includes(controller)) return 'cgroup v2';
      return v1.has(controller) ? 'cgroup v1' : null;
    };
    this.enforcedBy = { memory: by('memory'), cpu: by('cpu'), pids: by('pids') };
  }

  /** Null: this system has none that we may use. */
  static find(stackId: string): Cgroups | null {
    const all = mounts();
    const v1 = new Map<Controller, string>();
    for (const controller of controllers) {
      const mount = all.find((m) => m.type === 'cgroup' && m.options.includes(controller));
      const base = mount === undefined ? null : baseOf(mount, stackId);
      if (base !== null) v1.set(controller, base);
    }
    const unified = all.find((m) => m.type === 'cgroup2');
    const base = unified === undefined ? null : baseOf(unified, stackId);
    if (base !== null) return new Cgroups(base, true, v1);
    const membership = v1.get('pids') ?? v1.get('memory') ?? v1.get('cpu');
    return membership === undefined ? null : new Cgroups(membership, false, v1);
  }

  #directories(slot: string): readonly string[] {
    return [...new Set([this.#base, ...this.#v1.values()])].map((base) => join(base, slot));
  }

  /** It will be joined soon: other threads make its groups while processes are started here. */
  foresee(slot: string): void {
    this.#coming.set(slot, this.#makeAhead(slot));
  }

  /** False: not all are new, or there is more to do, or it failed, as whoever joins will hear. */
  async #makeAhead(slot: string): Promise<boolean> {
    const made = await Promise.all(this.#directories(slot).map(makeElsewhere));
    if (made.includes('parents too')) this.#delegated = false;
    return made.every((what) => what === 'new');
  }

  /** Makes the groups of a slot, with the controllers that can be had. True: all are new. */
  ensure(slot: string): boolean {
    const made = this.#directories(slot).map((directory) => {
      const first = mkdirSync(directory, { recursive: true });
      return { isNew: first !== undefined, parentsToo: first !== undefined && first !== directory };
    });
    if (made.some(({ parentsToo }) => parentsToo)) this.#delegated = false;
    if (this.#v2 && !this.#delegated) this.#delegate();
    return made.every(({ isNew }) => isNew);
  }

  /** Lets the controllers that are not of v1 work below the groups of the stack. */
  #delegate(): void {
    this.#delegated = true;
    for (const group of [join(this.#base, '../..'), join(this.#base, '..'), this.#base]) {
      const wanted = controllers.filter((controller) => !this.#v1.has(controller));
      const has = readFileSync(join(group, 'cgroup.subtree_control'), 'utf8').split(/\s+/);
      for (const controller of wanted.filter((each) => !has.includes(each))) {
        unless(notToBeHad, () =>
          writeFileSync(join(group, 'cgroup.subtree_control'), `+${controller}`),
        );
      }
    }
  }

  /** Makes the slot with these limits; what a process has to write `0` to in order to join it. */
  async join(slot: string, limits: LimitsSpec): Promise<readonly string[]> {
    const coming = this.#coming.get(slot);
    this.#coming.delete(slot);
    // A new group has no limits: 200 starts at once are spared as many writes and more.
    const isNew = (await coming) === true || this.ensure(slot);
    const { memoryBytes, cpus, pids } = limits;
    if (!isNew || memoryBytes !== null) this.#limitMemory(slot, memoryBytes);
    if (!isNew || cpus !== null) this.#limitCpu(slot, cpus);
    if (!isNew || pids !== null) this.#limitPids(slot, pids);
    return this.joinFiles(slot);
  }

  joinFiles(slot: string): readonly string[] {
    return this.#directories(slot).map((directory) => join(directory, 'cgroup.procs'));
  }

  #set(slot: string, controller: Controller, v2: [string, string], v1: [string, string][]): void {
    const enforcedBy = this.enforcedBy[controller];
    if (enforcedBy === null) return;
    const base = enforcedBy === 'cgroup v2' ? this.#base : this.#v1.get(controller);
    for (const [file, value] of enforcedBy === 'cgroup v2' ? [v2] : v1) {
      writeFileSync(join(base ?? this.#base, slot, file), value);
    }
  }

  #limitMemory(slot: string, bytes: number | null): void {
    const v2 = bytes === null ? 'max' : String(bytes);
    this.#set(slot, 'memory', ['memory.max', v2], [['memory.limit_in_bytes', `${bytes ?? -1}`]]);
  }

  #limitCpu(slot: string, cpus: number | null): void {
    const periodUs = 100_000;
    const quotaUs = cpus === null ? null : Math.max(1_000, Math.round(cpus * periodUs));
    this.#set(
      slot,
      'cpu',
      ['cpu.max', `${quotaUs ?? 'max'} ${periodUs}`],
      [
        ['cpu.cfs_period_us', `${periodUs}`],
        ['cpu.cfs_quota_us', `${quotaUs ?? -1}`],
      ],
    );
  }

  #limitPids(slot: string, pids: number | null): void {
    const value = pids === null ? 'max' : String(pids);
    this.#set(slot, 'pids', ['pids.max', value], [['pids.max', value]]);
  }

  /** All processes in the slot, and in groups that they made below it. */
  pids(slot: string): readonly number[] {
    return pidsBelow(join(this.#base, slot));
  }

  isEmpty(slot: string): boolean {
    if (!this.#v2) return this.pids(slot).length === 0;
    const events = this.#kept.read(`${this.#base}/${slot}/cgroup.events`);
    return events === null || events.includes('populated 0');
  }

  /** Kills all at once. False: the kernel (before 5.14) or v1 can't; kill them one by one. */
  kill(slot: string): boolean {
    if (!this.#v2) return false;
    const file = join(this.#base, slot, 'cgroup.kill');
    return unless(['ENOENT', 'ENODEV', 'EACCES', 'EPERM'], () => writeOver(file, '1')) ?? false;
  }

  /** Whether all of a slot can be killed at once. */
  canKill(slot: string): boolean {
    return this.#v2 && existsSync(join(this.#base, slot, 'cgroup.kill'));
  }

  /** A file that changes when the last process of the slot ends; null where there is none. */
  eventsFile(slot: string): string | null {
    return this.#v2 ? join(this.#base, slot, 'cgroup.events') : null;
  }

  /** How often the out-of-memory killer struck in the slot; null: not known here. */
  oomKills(slot: string): number | null {
    const file = this.#oomFile(slot);
    const text = file === null ? null : this.#kept.read(file);
    const count = /^oom_kill (\d+)$/m.exec(text ?? '')?.[1];
    return count === undefined ? null : Number(count);
  }

  #oomFile(slot: string): string | null {
    if (this.enforcedBy.memory === 'cgroup v2') return `${this.#base}/${slot}/memory.events`;
    const base = this.#v1.get('memory');
    return base === undefined ? null : `${base}/${slot}/memory.oom_control`;
  }

  /** Removes the slot's groups, and those of the stack when they were the last. */
  remove(slot: string): void {
    this.#kept.close(`${this.#base}/${slot}/cgroup.events`);
    this.#kept.close(this.#oomFile(slot) ?? '');
    this.#remove(slot);
  }

  #remove(slot: string): void {
    const gone = ['ENOENT', 'EBUSY', 'ENOTEMPTY'];
    for (const directory of this.#directories(slot)) {
      removeBelow(directory);
      unless(gone, () => rmdirSync(join(directory, '..')));
    }
  }
}

/** By another thread. */
function makeElsewhere(directory: string): Promise<'new' | 'parents too' | 'not new'> {
  return new Promise((resolve) => {
    mkdir(directory, { recursive: true }, (error, first) => {
      if (error !== null || first === undefined) resolve('not new');
      else resolve(first === directory ? 'new' : 'parents too');
    });
  });
}

function writeOver(file: string, text: string): boolean {
  // Without O_CREAT: where the kernel lacks the file, there is nothing to create.
  writeFileSync(file, text, { flag: 'r+' });
  return true;
}

function groupsBelow(directory: string): readonly string[] {
  const entries = unless(['ENOENT', 'ENODEV'], () =>
    readdirSync(directory, { withFileTypes: true }),
  );
  const below = (entries ?? []).filter((entry) => entry.isDirectory());
  return below.map((entry) => join(directory, entry.name));
}

function pidsBelow(directory: string): readonly number[] {
  const text = unless(['ENOENT', 'ENODEV', 'EOPNOTSUPP'], () =>
    readFileSync(join(directory, 'cgroup.procs'), 'utf8'),
  );
  const here = (text ?? '').split('\n').filter((line) => line !== '');
  return [...here.map(Number), ...groupsBelow(directory).flatMap(pidsBelow)];
}

function removeBelow(directory: string): void {
  for (const group of groupsBelow(directory)) removeBelow(group);
  unless(['ENOENT', 'EBUSY', 'ENOTEMPTY'], () => rmdirSync(directory));
}
