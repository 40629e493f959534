/** Daruma itself, by its command line, from the sources of this clone. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { layout } from '../../src/model/layout.ts';
import type { StackView } from '../../src/model/view.ts';
import { lockHolder } from '../../src/ports/lock.ts';
import { version } from '../../src/version.ts';
import { until } from '../wait.ts';
import type { Contender, Job, Supervision } from './contender.ts';
import { inForeground, output } from './foreground.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** An endpoint asks for an instance that listens on a port; without a check there is neither. */
const healthcheck = { http: '/', interval: '500ms', timeout: '500ms', retries: 2 };
const often = '1000 per 10m';

export function daruma(): Promise<Contender> {
  return Promise.resolve(contender('daruma', (paths) => paths.controllerLock));
}

/** The same, but what is killed is the parent of the controller. */
export function darumaKeeper(): Promise<Contender> {
  return Promise.resolve(contender('daruma-keeper', (paths) => paths.keeperLock));
}

type Paths = ReturnType<typeof layout>;

function contender(name: string, lockOf: (paths: Paths) => string): Contender {
  return { name, version, start: (job) => start(job, lockOf) };
}

async function start(job: Job, lockOf: (paths: Paths) => string): Promise<Supervision> {
  const { directory } = job;
  const file = `${directory}/daruma.yaml`;
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(stackOf(job), null, 2));
  const options = { cwd: directory, env: job.environment };
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', main, '--file', file];
  const tool = (...args: string[]) => output([...argv, ...args], options);
  const lock = lockOf(layout(`${directory}/.daruma`));
  // What never becomes ready keeps `up` waiting; the benchmark doesn't.
  const basics = inForeground(job, [...argv, 'up', '--detach']);
  await until('the controller', 60_000, () => lockHolder(lock));
  return {
    ...basics,
    supervisor: () => lockHolder(lock)?.pid ?? 0,
    // The keeper and the endpoint process see to that.
    startAgain: () => Promise.resolve(),
    state: async () => {
      const view: StackView = JSON.parse(await tool('ps', '--json'));
      const instance = view.services[0]?.instances[0];
      return instance?.needsPerson === true ? 'needs-person' : (instance?.phase ?? 'unknown');
    },
    stop: async () => {
      await tool('down');
    },
  };
}

function stackOf({ script, port, check, replicas, manyFaults }: Job): object {
  const budget = { max_actions: often };
  return {
    name: 'bench',
    ...(manyFaults ? { recovery: budget } : {}),
    services: {
      job: {
        // What has no port of its own takes no endpoint.
        command: ['sh', script, check ? '${PORT}' : '0'],
        replicas,
        ...(check ? { endpoint: port, healthcheck } : {}),
        ...(manyFaults ? { recovery: budget, restart: { reset_after: '1s' } } : {}),
      },
    },
  };
}
