/** Daruma, from the sources of this clone: one primary, one standby, synchronous. */
import { execFile } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createDrivers } from '../../src/drivers/index.ts';
import type { StackSpec } from '../../src/model/stack-spec.ts';
import type { StackView } from '../../src/model/view.ts';
import { readStack } from '../../src/stack/read.ts';
import { version } from '../../src/version.ts';
import { output } from '../contenders/foreground.ts';
import { debianPostgres } from '../peers/postgres.ts';
import type { Cluster, ClusterContender, ClusterJob } from './cluster.ts';
import { treeOf } from './processes.ts';

const run = promisify(execFile);
const main = fileURLToPath(new URL('../../bin/daruma.js', import.meta.url));
const upTimeoutMs = 180_000;

export function daruma(): Promise<ClusterContender> {
  return Promise.resolve({ name: 'daruma', version, start: (job) => start(job, null) });
}

/**
 * Exits are hidden, as those of another machine are: a shell between Daruma and PostgreSQL stays
 * when PostgreSQL ends. Only probes tell.
 */
export function darumaProbesOnly(): Promise<ClusterContender> {
  const name = 'daruma-probes-only';
  return Promise.resolve({ name, version, start: (job) => start(job, wrapperBody) });
}

/** It passes on what a stop says, and outlives what it runs. */
const wrapperBody = (program: string) => `#!/bin/sh
case "$*" in
  *config_file=*) ;;
  *) exec '${program}' "$@" ;;
esac
'${program}' "$@" &
child=$!
for name in INT TERM QUIT HUP; do trap "kill -$name $child" $name; done
while kill -0 $child 2>/dev/null; do wait $child; done
trap 'exit 0' INT TERM QUIT
while :; do sleep 1; done
`;

async function start(
  job: ClusterJob,
  wrapper: ((program: string) => string) | null,
): Promise<Cluster> {
  const { directory, environment } = job;
  const binDir = wrapper === null ? debianPostgres() : wrapped(`${directory}/bin`, wrapper);
  const file = `${directory}/daruma.yaml`;
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(stackOf(job.port, binDir), null, 2));
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', main, '--file', file];
  const options = { cwd: directory, env: environment };
  const tool = (...args: string[]) => output([...argv, ...args], options);
  const [program = '', ...before] = argv;
  await run(program, [...before, 'up', '--detach'], { ...options, timeout: upTimeoutMs });
  return cluster(job, file, tool);
}

async function cluster(
  job: ClusterJob,
  file: string,
  tool: (...args: string[]) => Promise<string>,
): Promise<Cluster> {
  const spec = await specOf(file, job.environment);
  const [service] = spec.services;
  if (service === undefined) throw new Error('the stack has no service');
  const given = await createDrivers().postgres.attributes(service, `${job.directory}/.daruma`);
  const { user = '', password = '', database = '' } = given;
  const view = async () => {
    const stack: StackView = JSON.parse(await tool('ps', '--json'));
    const [found] = stack.services;
    if (found?.group === undefined) throw new Error('the service has no group');
    return { ...found, group: found.group };
  };
  const main = async () => {
    const { instances, group } = await view();
    const pid = instances.find(({ id }) => id === group.primary)?.pid;
    if (pid == null) throw new Error('there is no primary');
    return pid;
  };
  return {
    target: { host: '127.0.0.1', port: job.port, user, password, database },
    primary: async () => postmasterOf(await main()),
    node: async () => treeOf(postmasterOf(await main())),
    isWhole: async () => {
      const { instances, group } = await view();
      const ready = instances.every(({ phase }) => phase === 'ready');
      return ready && group.stage === 'steady' && group.eligible.length === 1;
    },
    repair: () => Promise.resolve(),
    switchover: async () => {
      await tool('switchover', 'db');
    },
    stop: async () => {
      await tool('down');
      removeDataElsewhere(`${job.directory}/.daruma/data`);
    },
  };
}

async function specOf(
  file: string,
  environment: Readonly<Record<string, string>>,
): Promise<StackSpec> {
  const read = await readStack({ file, environment });
  if (read.ok) return read.spec;
  throw new Error(read.problems.map(({ message }) => message).join('; '));
}

/** Under root the data lies where PostgreSQL's user can reach it, and is linked to. */
function removeDataElsewhere(links: string): void {
  for (const entry of readdirSync(links, { withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    const place = dirname(readlinkSync(`${links}/${entry.name}`));
    rmSync(place, { recursive: true, force: true });
  }
}

/** Behind the shell that hides its exit, where there is one. */
function postmasterOf(pid: number): number {
  const [own = pid, child = pid] = treeOf(pid);
  return isShell(own) ? child : own;
}

function isShell(pid: number): boolean {
  return /^\/bin\/sh\0/.test(readCommand(pid));
}

function readCommand(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
}

function wrapped(directory: string, body: (program: string) => string): string {
  const real = debianPostgres();
  mkdirSync(directory, { mode: 0o755 });
  for (const name of readdirSync(real)) {
    if (name !== 'postgres') symlinkSync(`${real}/${name}`, `${directory}/${name}`);
  }
  writeFileSync(`${directory}/postgres`, body(`${real}/postgres`), { mode: 0o755 });
  return directory;
}

/** Many faults in a short time are on purpose: nobody is to give up because of that. */
function stackOf(port: number, binDir: string): object {
  const often = '1000 per 10m';
  return {
    name: 'bench',
    recovery: { max_actions: often },
    services: {
      db: {
        driver: 'postgres',
        replicas: 2,
        endpoint: port,
        failover: { durability: 'synchronous' },
        postgres: { bin_dir: binDir },
        recovery: { max_actions: often },
      },
    },
  };
}
