/** supervisord, with the settings of its documentation. */
import { writeFileSync } from 'node:fs';
import { debianPackage } from '../peers/debian.ts';
import type { Contender, Job, Supervision } from './contender.ts';
import { inForeground, output } from './foreground.ts';

export async function supervisord(): Promise<Contender> {
  const { root, version } = await debianPackage('supervisor', '/usr/bin/supervisord', [
    'python3-pkg-resources',
  ]);
  return { name: 'supervisord', version, start: (job) => start(root, job) };
}

async function start(root: string, job: Job): Promise<Supervision> {
  const { directory, script, port, names } = job;
  const file = `${directory}/supervisord.conf`;
  const program = {
    command: `/bin/sh ${script} ${port}`,
    autostart: 'true',
    autorestart: 'true',
  };
  const sections = {
    unix_http_server: { file: `${directory}/s` },
    supervisord: {
      nodaemon: 'true',
      logfile: `${directory}/supervisord.log`,
      pidfile: `${directory}/supervisord.pid`,
      childlogdir: directory,
    },
    'rpcinterface:supervisor': {
      'supervisor.rpcinterface_factory': 'supervisor.rpcinterface:make_main_rpcinterface',
    },
    supervisorctl: { serverurl: `unix://${directory}/s` },
    ...Object.fromEntries(names.map((name) => [`program:${name}`, program])),
  };
  writeFileSync(file, Object.entries(sections).map(section).join('\n'));
  const modules = root === '' ? {} : { PYTHONPATH: `${root}/usr/lib/python3/dist-packages` };
  const environment = { ...job.environment, ...modules };
  const tool = (name: string) => ['/usr/bin/python3', `${root}/usr/bin/${name}`, '-c', file];
  return {
    ...inForeground({ ...job, environment }, tool('supervisord')),
    state: async () => {
      const text = await output([...tool('supervisorctl'), 'status'], { env: environment });
      return text.split(/\s+/)[1] ?? '';
    },
  };
}

function section([name, settings]: [string, Readonly<Record<string, string>>]): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  return `[${name}]\n${lines.join('')}`;
}
