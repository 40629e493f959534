/**
 * A Daruma with a console in front of many services, for one benchmark. The services are real
 * processes that do nothing; each of the first few is needed by ten others.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ControlClient } from '../../src/cli/control-client.ts';
import { layout } from '../../src/model/layout.ts';
import { SetupSecret } from '../../src/server/api/setup-secret.ts';
import { version } from '../../src/version.ts';
import type { Contender, Job, Supervision } from '../contenders/contender.ts';
import { inForeground, output } from '../contenders/foreground.ts';
import { freePort } from '../free-port.ts';
import { kill, markName } from '../marked.ts';
import { Stage } from '../stage.ts';
import { until } from '../wait.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const startLimitMs = 120_000;
const dependantsOfEach = 10;
export const account = { name: 'ann', password: 'only for a benchmark' };

export interface PlaceOptions {
  readonly services: number;
  /** What ended is started again. */
  readonly recovers: boolean;
}

export class Place {
  readonly stage: Stage;
  /** With a slash at its end. */
  readonly url: string;
  readonly client: ControlClient;
  /** Reads what a viewer may. */
  readonly token: string;

  private constructor(stage: Stage, url: string, client: ControlClient, token: string) {
    this.stage = stage;
    this.url = url;
    this.client = client;
    this.token = token;
  }

  /** Resolves when all services run and there is an administrator. */
  static async open({ services, recovers }: PlaceOptions): Promise<Place> {
    execFileSync(process.execPath, ['scripts/build-console.ts'], { cwd: root });
    const url = `http://127.0.0.1:${await freePort()}/`;
    const contender: Contender = {
      name: 'daruma',
      version,
      start: (job) => start(job, stackOf(job, url, recovers)),
    };
    const body = () => 'exec sleep 1000000\n';
    const stage = await Stage.open(contender, { check: false, count: services, body });
    try {
      const client = new ControlClient(`${stage.directory}/.daruma`);
      await until('all services', startLimitMs, async () => {
        const { state } = await client.stack();
        return state === 'running' ? true : null;
      });
      return new Place(stage, url, client, await enter(stage, url));
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** For what is to be ended with it. */
  get environment(): Record<string, string> {
    const all = { ...process.env, [markName]: this.stage.directory.replaceAll('/', '.') };
    const entries = Object.entries(all).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    );
    return Object.fromEntries(entries);
  }

  /** Ends the API process: the next connection starts another one. */
  endApi(): void {
    for (const pid of this.stage.processes()) if (isApi(pid)) kill(pid);
  }

  close(): Promise<void> {
    return this.stage.close();
  }
}

function isApi(pid: number): boolean {
  try {
    return /\/api-main\.[jt]s\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return false; // It has ended.
  }
}

/** `n` services: the first tenth stands alone, each of the others needs one of these. */
function stackOf({ names, script }: Job, url: string, recovers: boolean): object {
  const roots = Math.ceil(names.length / dependantsOfEach);
  const services = names.map((name, index) => {
    const needed = index < roots ? [] : [names[index % roots]];
    const restart = recovers ? { reset_after: '1s' } : 'no';
    return [name, { command: ['sh', script, '0'], depends_on: needed, restart }];
  });
  return {
    name: 'bench',
    console: { address: Number(new URL(url).port) },
    recovery: { max_actions: '1000 per 10m' },
    services: Object.fromEntries(services),
  };
}

async function start(job: Job, stack: object): Promise<Supervision> {
  const { directory, environment } = job;
  const file = `${directory}/daruma.yaml`;
  writeFileSync(file, JSON.stringify(stack));
  const program = ['--disable-warning=ExperimentalWarning', `${root}/bin/daruma.js`];
  const argv = [process.execPath, ...program, '--file', file];
  const tool = (...args: string[]) => {
    return output([...argv, ...args], { cwd: directory, env: environment });
  };
  return {
    ...inForeground(job, [...argv, 'up', '--detach']),
    state: async () => 'runs',
    stop: async () => {
      await tool('down');
    },
  };
}

/** Makes the administrator and a token. */
async function enter({ directory }: Stage, url: string): Promise<string> {
  const secret = new SetupSecret(layout(`${directory}/.daruma`).secretsDir).text();
  const entered = await post(`${url}api/v1/auth/setup`, { ...account, secret }, {});
  const cookie = entered.headers.getSetCookie().map((one) => one.split(';')[0]);
  const headers = { cookie: cookie.join('; '), origin: new URL(url).origin };
  const wanted = { label: 'benchmark', scope: 'read', days: 1 };
  const made = await post(`${url}api/v1/tokens`, wanted, headers);
  return ((await made.json()) as { text: string }).text;
}

async function post(url: string, body: object, headers: Record<string, string>) {
  const all = { 'content-type': 'application/json', ...headers };
  const answer = await fetch(url, { method: 'POST', headers: all, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}
