/** monit with a cycle of one second, the shortest. It starts services that go to the background. */
import { writeFileSync } from 'node:fs';
import { markName } from '../marked.ts';
import { debianPackage } from '../peers/debian.ts';
import type { Contender, Job, Supervision } from './contender.ts';
import { inForeground, output } from './foreground.ts';

export async function monit(): Promise<Contender> {
  const { root, version } = await debianPackage('monit', '/usr/bin/monit');
  return { name: 'monit', version, start: (job) => start(`${root}/usr/bin/monit`, job) };
}

async function start(program: string, job: Job): Promise<Supervision> {
  const { directory, script, port, environment } = job;
  const pidFile = `${directory}/job.pid`;
  // Monit clears the environment of what it starts.
  const passed = ['PATH', markName].map((name) => `export ${name}='${environment[name]}'\n`);
  const begin = `echo $$ >'${pidFile}'; exec sh '${script}' ${port}`;
  writeFileSync(
    `${directory}/start.sh`,
    `${passed.join('')}setsid sh -c "${begin.replaceAll('$', '\\$')}" </dev/null >/dev/null 2>&1 &\n`,
  );
  // What hangs does not hear SIGTERM.
  writeFileSync(`${directory}/stop.sh`, `kill -9 "$(cat '${pidFile}')"\n`);
  const file = `${directory}/monitrc`;
  const http = `  if failed host 127.0.0.1 port ${port} protocol http with timeout 1 seconds then restart\n`;
  const lines = [
    'set daemon 1',
    `set pidfile ${directory}/monit.pid`,
    `set idfile ${directory}/monit.id`,
    `set statefile ${directory}/monit.state`,
    `set log ${directory}/monit.log`,
    `set httpd unixsocket ${directory}/s`,
    `check process job with pidfile ${pidFile}`,
    `  start program = "/bin/sh ${directory}/start.sh"`,
    `  stop program = "/bin/sh ${directory}/stop.sh"`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n${job.check ? http : ''}`, { mode: 0o600 });
  return {
    ...inForeground(job, [program, '-I', '-c', file]),
    state: async () => {
      const text = await output([program, '-B', '-c', file, 'summary']);
      return /^ ?job +(.*?) +Process/m.exec(text)?.[1] ?? 'unknown';
    },
  };
}
