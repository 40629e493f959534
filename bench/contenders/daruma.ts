/** Daruma itself, by its command line, from the sources of this clone. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { layout } from '../../src/model/layout.ts';
import type { StackView } from '../../src/model/view.ts';
import type { EndpointFile } from '../../src/ports/keeper.ts';
import { lockHolder } from '../../src/ports/lock.ts';
import { readJsonFile } from '../../src/ports/replace-file.ts';
import { version } from '../../src/version.ts';
import { until } from '../wait.ts';
import type { Contender, Job, Supervision } from './contender.ts';
import { inForeground, output } from './foreground.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const source = `${root}/bin/daruma.js`;
const compiled = `${root}/dist/main.js`;
/** An endpoint asks for an instance that listens on a port; without a check there is neither. */
const healthcheck = { http: '/', interval: '500ms', timeout: '500ms', retries: 2 };
const often = '1000 per 10m';
const downTimeoutMs = 60_000;

export function daruma(): Promise<Contender> {
  return Promise.resolve(contender('daruma', source, (paths) => paths.controllerLock));
}

/** The same, but compiled, as the npm package holds it. */
export async function darumaPackage(): Promise<Contender> {
  await run(process.execPath, ['scripts/build.ts'], { cwd: root });
  return contender('daruma-package', compiled, (paths) => paths.controllerLock);
}

/** The same, but what is killed is the parent of the controller. */
export function darumaKeeper(): Promise<Contender> {
  return Promise.resolve(contender('daruma-keeper', source, (paths) => paths.keeperLock));
}

type Paths = ReturnType<typeof layout>;

function contender(name: string, main: string, lockOf: (paths: Paths) => string): Contender {
  return { name, version, start: (job) => start(job, main, lockOf) };
}

async function start(
  job: Job,
  main: string,
  lockOf: (paths: Paths) => string,
): Promise<Supervision> {
  const { directory } = job;
  const file = `${directory}/daruma.yaml`;
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(stackOf(job), null, 2));
  const options = { cwd: directory, env: job.environment };
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', main, '--file', file];
  const tool = (...args: string[]) => output([...argv, ...args], options);
  const paths = layout(`${directory}/.daruma`);
  const lock = lockOf(paths);
  // What never becomes ready keeps `up` waiting; the benchmark doesn't.
  const basics = inForeground(job, [...argv, 'up', '--detach']);
  await until('the controller', 60_000, () => lockHolder(lock));
  return {
    ...basics,
    supervisor: () => lockHolder(lock)?.pid ?? 0,
    gateway: () => (readJsonFile(paths.endpointFile) as EndpointFile).pid,
    // The keeper and the endpoint process see to that.
    startAgain: () => Promise.resolve(),
    state: async () => {
      const view: StackView = JSON.parse(await tool('ps', '--json'));
      const instance = view.services[0]?.instances[0];
      return instance?.needsPerson === true ? 'needs-person' : (instance?.phase ?? 'unknown');
    },
    stop: async () => {
      const [program = '', ...args] = argv;
      await run(program, [...args, 'down'], { ...options, timeout: downTimeoutMs });
    },
  };
}

function stackOf(job: Job): object {
  const programs = job.names.map((name) => [name, programOf(job)]);
  return {
    name: 'bench',
    ...(job.manyFaults ? { recovery: { max_actions: often } } : {}),
    services: Object.fromEntries(programs),
  };
}

function programOf(job: Job): object {
  const { script, port, check, watchedPort, replicas, manyFaults, protocol } = job;
  const endpoint = protocol === undefined ? port : { listen: port, protocol };
  const watched = { healthcheck: { http: `http://127.0.0.1:${watchedPort}/`, interval: '1s' } };
  return {
    // What has no port of its own takes no endpoint.
    command: ['sh', script, check ? '${PORT}' : '0'],
    replicas,
    ...(check ? { endpoint, healthcheck } : {}),
    ...(watchedPort === null ? {} : watched),
    ...(manyFaults ? { recovery: { max_actions: often }, restart: { reset_after: '1s' } } : {}),
  };
}
