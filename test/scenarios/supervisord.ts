/** A supervisord of our own in a directory, with one program that serves HTTP. */
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd } from '../at-end.ts';
import { until } from './harness.ts';

const service = path.join(import.meta.dirname, 'services/api.ts');

export class Supervisord {
  readonly control: readonly string[];
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.control = ['/usr/bin/supervisorctl', '-c', path.join(directory, 'supervisord.conf')];
  }

  /** The service `web`, in supervisord's hands, as a stack file has it. */
  stackService(port: number): string {
    const words = (...more: string[]) => JSON.stringify([...this.control, ...more]);
    return `
  web:
    driver: external
    endpoint: ${port}
    external:
      start: ${words('start', 'web')}
      stop: ${words('stop', 'web')}
      status: ${words('status', 'web')}
      logs: ${words('tail', '-f', 'web')}
    healthcheck: { http: /healthz, interval: 1s, timeout: 2s, retries: 2, start_period: 30s }
    symptoms: [{ expr: "memory.rss > size('320MiB')", for: 1s, faults: [leak] }]
`;
  }

  /** Of the program `web`, as supervisord knows it; 0: it doesn't run. */
  pid(): Promise<number> {
    const [program = '', ...args] = [...this.control, 'pid', 'web'];
    return new Promise((resolve, reject) => {
      // It exits with 7 when the program doesn't run.
      execFile(program, args, (error, stdout) => {
        if (/^\d+$/.test(stdout.trim())) resolve(Number(stdout));
        else reject(new Error(`no pid: ${stdout}`, { cause: error }));
      });
    });
  }

  /** What supervisord did, such as `spawned: 'web' with pid 12`. */
  spawned(): string[] {
    const log = readFileSync(path.join(this.#directory, 'supervisord.log'), 'utf8');
    return log.split('\n').filter((line) => /spawned:|waiting for web to stop/.test(line));
  }
}

export async function startSupervisord(
  t: TestContext,
  directory: string,
  program: { readonly port: number; readonly autorestart: boolean },
): Promise<Supervisord> {
  const supervisord = new Supervisord(directory);
  await writeFile(path.join(directory, 'supervisord.conf'), configuration(directory, program));
  const conf = path.join(directory, 'supervisord.conf');
  const child = spawn('/usr/bin/supervisord', ['-n', '-c', conf], { stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  atEnd(t, async () => {
    child.kill('SIGTERM');
    await exited;
  });
  await until('supervisord runs its program', async () => (await supervisord.pid()) > 0);
  await until('the program serves', () => fetch(`http://127.0.0.1:${program.port}/healthz`));
  return supervisord;
}

function configuration(
  directory: string,
  { port, autorestart }: { readonly port: number; readonly autorestart: boolean },
): string {
  return `
[unix_http_server]
file=${directory}/supervisor.sock
[supervisord]
logfile=${directory}/supervisord.log
pidfile=${directory}/supervisord.pid
childlogdir=${directory}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://${directory}/supervisor.sock
[program:web]
command=${process.execPath} --disable-warning=ExperimentalWarning ${service}
environment=PORT="${port}",INSTANCE="web/1"
autorestart=${autorestart}
startsecs=0
stopwaitsecs=1
stdout_logfile=${directory}/web.log
`;
}
