/**
 * The systemd unit that runs a stack for good.
 *
 * 1. Instances outlive Daruma: `KillMode=process` leaves them alone when the keeper crashes, hangs
 *    (watchdog) or is restarted, and the next keeper adopts them.
 * 2. `systemctl stop` and shutdown stop them cleanly, in reverse order; `systemctl restart` only
 *    lets go of them. systemd runs the same `ExecStop=` for both, so unit-hook.ts asks it which.
 * 3. `daruma down` ends the keeper with code 0, which is not followed by a restart.
 * 4. After a boot everything is wanted again: the stop at shutdown had made it unwanted.
 * 5. Variables that the stack file takes from the environment are kept in a file of mode 0600, for
 *    systemd knows nothing of the shell in which `install` was run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entry } from '../model/entry.ts';
import { shutdownLimitMs } from '../model/recovery-point.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import { type ReadResult, readStack } from '../stack/read.ts';
import type { Plan } from './plan.ts';
import { environmentLine, execLine, plain, seconds, unitName, unitText } from './unit-text.ts';

export interface InstallOptions {
  /** Stack file. */
  readonly file: string;
  /** Of the user who installs. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the state is; null: `.daruma` beside the stack file, for root that only if it is there
   * already and else `/var/lib/daruma/NAME`. */
  readonly stateDir: string | null;
  /** For the system (root), or for one user. */
  readonly root: boolean;
  /** Home directory of the user. */
  readonly home: string;
  /** Node.js that runs Daruma. */
  readonly nodePath: string;
  /** Program and arguments of the keeper in the foreground. */
  keeperArgv(place: { readonly file: string; readonly stateDir: string }): readonly string[];
}

export type InstallResult =
  | {
      readonly ok: true;
      /** Such as `daruma-accounts.service`. */
      readonly unit: string;
      readonly stateDir: string;
      readonly systemctl: readonly string[];
      readonly plan: Plan;
    }
  | Extract<ReadResult, { readonly ok: false }>;

/** What to write. A wrong stack file comes back with its problems. */
export async function install(options: InstallOptions): Promise<InstallResult> {
  const used = new Set<string>();
  const environment = new Proxy(options.environment, {
    get: (target, name) => {
      used.add(String(name));
      return target[String(name)];
    },
  });
  const read = await readStack({ file: options.file, environment });
  if (!read.ok) return read;
  const { spec } = read;
  for (const name of secretVariables(spec)) used.add(name);
  const stateDir = stateDirOf(options, spec);
  const unit = `${unitName('daruma', spec.name)}.service`;
  const environmentFile = join(stateDir, 'environment');
  const systemctl = options.root ? ['systemctl'] : ['systemctl', '--user'];
  const beside = join(spec.directory, '.daruma');
  return {
    ok: true,
    unit,
    stateDir,
    systemctl,
    plan: {
      files: [
        {
          path: join(unitDirectory(options), unit),
          text: systemdUnit({ ...options, spec, stateDir, unit, environmentFile }),
          mode: 0o644,
        },
        { path: environmentFile, text: environmentText(options, used), mode: 0o600 },
      ],
      directories: [stateDir],
      // So that commands given beside the stack file find the state.
      link: stateDir === beside ? null : { path: beside, target: stateDir },
      next: nextSteps(options, systemctl.join(' '), unit),
    },
  };
}

/** Has systemd read the new unit; false: it doesn't answer, so a person has to. */
export function reloadSystemd(systemctl: readonly string[]): boolean {
  const [program = '', ...args] = systemctl;
  return spawnSync(program, [...args, 'daemon-reload'], { timeout: 30_000 }).status === 0;
}

function stateDirOf({ stateDir, root }: InstallOptions, spec: StackSpec): string {
  if (stateDir !== null) return stateDir;
  const beside = join(spec.directory, '.daruma');
  return root && !existsSync(beside) ? `/var/lib/daruma/${spec.name}` : beside;
}

function unitDirectory({ root, home }: InstallOptions): string {
  return root ? '/etc/systemd/system' : join(home, '.config/systemd/user');
}

/** Of every user, and needed by about every program. */
const always = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ'];

function environmentText({ environment }: InstallOptions, used: ReadonlySet<string>): string {
  const names = [...new Set([...always, ...used])].sort();
  const lines = names.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [environmentLine(name, value)];
  });
  return `# Variables of the user who ran \`daruma install\`, as far as they are used.\n${lines.join('')}`;
}

/** Those that hold secrets: the stack file only names them, and they are read when needed. */
function secretVariables(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  const own = 'from' in part && part.from === 'environment' && 'name' in part;
  return [...(own ? [String(part.name)] : []), ...Object.values(part).flatMap(secretVariables)];
}

function nextSteps({ root }: InstallOptions, systemctl: string, unit: string): string[] {
  const linger = root ? [] : ['loginctl enable-linger'];
  return [...linger, `${systemctl} daemon-reload`, `${systemctl} enable --now ${unit}`];
}

interface UnitOptions extends InstallOptions {
  readonly spec: StackSpec;
  readonly stateDir: string;
  readonly unit: string;
  readonly environmentFile: string;
}

const watchdogMs = 30_000;
/** Besides the grace periods of the instances. */
const stopMarginMs = 60_000;

function systemdUnit(options: UnitOptions): string {
  const { spec, root } = options;
  return unitText([
    {
      title: 'Unit',
      lines: [
        ['Description', plain(`Daruma, stack ${spec.name}`)],
        ['Wants', 'network-online.target'],
        ['After', 'network-online.target'],
        ['StartLimitIntervalSec', '0'],
      ],
    },
    { title: 'Service', lines: serviceLines(options) },
    { title: 'Install', lines: [['WantedBy', root ? 'multi-user.target' : 'default.target']] },
  ]);
}

function serviceLines(options: UnitOptions): readonly (readonly [string, string] | string)[] {
  const { spec, stateDir, unit, nodePath, environmentFile, root } = options;
  const hook = [nodePath, fileURLToPath(entry(import.meta.url, './unit-hook'))];
  const place = ['--state-dir', stateDir];
  const user = root ? [] : ['--user'];
  const graceMs = spec.services.reduce((sum, service) => sum + service.stopGracePeriodMs, 0);
  const pointsMs = shutdownPointsMs(spec);
  return [
    ['Type', 'notify'],
    ['NotifyAccess', 'all'],
    ['WorkingDirectory', plain(dirname(spec.file))],
    ['EnvironmentFile', plain(environmentFile)],
    ['ExecStart', execLine(options.keeperArgv({ file: spec.file, stateDir }))],
    'Once it runs: everything is wanted, unless part of it was stopped on purpose.',
    ['ExecStartPost', execLine([...hook, 'start', ...place])],
    'Stop and shutdown: all instances end, in reverse order. Restart: they go on.',
    ['ExecStop', execLine([...hook, 'stop', ...place, '--unit', unit, ...user])],
    ['TimeoutStartSec', '120'],
    ['TimeoutStopSec', seconds(pointsMs + graceMs + stopMarginMs)],
    ['Restart', 'always'],
    ['RestartSec', '1'],
    'It ends with 0 only on purpose (`daruma down`).',
    ['RestartPreventExitStatus', '0'],
    ['WatchdogSec', seconds(watchdogMs)],
    'Instances outlive Daruma itself; it adopts them when it is back.',
    ['KillMode', 'process'],
    ['Delegate', 'yes'],
    ['OOMPolicy', 'continue'],
    ['TasksMax', 'infinity'],
  ];
}

/** They are made side by side before anything stops. */
function shutdownPointsMs(spec: UnitOptions['spec']): number {
  const all = [spec.recoveryPoints, ...spec.services.map((service) => service.recoveryPoints)];
  const limits = all.flatMap((points) =>
    points?.on.includes('shutdown') === true ? [points.shutdownLimitMs ?? shutdownLimitMs] : [],
  );
  return Math.max(0, ...limits);
}
