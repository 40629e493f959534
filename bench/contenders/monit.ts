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
  const { directory, port, check, watchedPort, names } = job;
  const checked = check ? port : watchedPort;
  const file = `${directory}/monitrc`;
  const http = `  if failed host 127.0.0.1 port ${checked} protocol http with timeout 1 seconds then restart`;
  const lines = [
    'set daemon 1',
    `set pidfile ${directory}/monit.pid`,
    `set idfile ${directory}/monit.id`,
    `set statefile ${directory}/monit.state`,
    `set log ${directory}/monit.log`,
    `set httpd unixsocket ${directory}/s`,
    ...names.flatMap((name) => [...serviceLines(name, job), ...(checked === null ? [] : [http])]),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return {
    ...inForeground(job, [program, '-I', '-c', file]),
    state: async () => {
      const text = await output([program, '-B', '-c', file, 'summary']);
      return /^ ?job +(.*?) +Process/m.exec(text)?.[1] ?? 'unknown';
    },
  };
}

function serviceLines(name: string, { directory, script, port, environment }: Job): string[] {
  const pidFile = `${directory}/${name}.pid`;
  // Monit clears the environment of what it starts.
  const passed = ['PATH', markName].map((each) => `export ${each}='${environment[each]}'\n`);
  const begin = `echo $$ >'${pidFile}'; exec sh '${script}' ${port}`;
  writeFileSync(
    `${directory}/start-${name}.sh`,
    `${passed.join('')}setsid sh -c "${begin.replaceAll('$', '\\$')}" </dev/null >/dev/null 2>&1 &\n`,
  );
  // What hangs does not hear SIGTERM.
  writeFileSync(`${directory}/stop-${name}.sh`, `kill -9 "$(cat '${pidFile}')"\n`);
  return [
    `check process ${name} with pidfile ${pidFile}`,
    // Connection tests wait for so long after a start; the default is 30 s.
    `  start program = "/bin/sh ${directory}/start-${name}.sh" with timeout 10 seconds`,
    `  stop program = "/bin/sh ${directory}/stop-${name}.sh"`,
  ];
}
