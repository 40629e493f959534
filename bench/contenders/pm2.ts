/** pm2: its daemon, brought back with `pm2 resurrect` as its start-up script does. */
import { readFileSync, writeFileSync } from 'node:fs';
import { npmPackage } from '../peers/npm.ts';
import type { Contender, Job, Supervision } from './contender.ts';
import { output } from './foreground.ts';

const pinned = '7.0.4';

export async function pm2(): Promise<Contender> {
  const directory = await npmPackage('pm2', pinned);
  return { name: 'pm2', version: pinned, start: (job) => start(`${directory}/bin/pm2`, job) };
}

async function start(program: string, job: Job): Promise<Supervision> {
  const { directory, script, port, names } = job;
  const env = { ...job.environment, PM2_HOME: `${directory}/pm2` };
  const tool = (...args: string[]) => output([process.execPath, program, ...args], { env });
  const app = { script: '/bin/sh', args: [script, String(port)], interpreter: 'none' };
  const file = `${directory}/ecosystem.config.json`;
  writeFileSync(file, JSON.stringify({ apps: names.map((name) => ({ name, ...app })) }));
  await tool('start', file);
  await tool('save');
  return {
    supervisor: () => Number(readFileSync(`${directory}/pm2/pm2.pid`, 'utf8')),
    startAgain: async () => {
      await tool('resurrect');
    },
    state: async () => JSON.parse(await tool('jlist'))[0]?.pm2_env.status ?? 'gone',
    stop: () => Promise.resolve(),
  };
}
