/** HAProxy before a program that runs by itself: one thread, passing bytes on (`mode tcp`). */
import { writeFileSync } from 'node:fs';
import { freePort } from '../free-port.ts';
import { haproxyPackage } from '../peers/haproxy.ts';
import type { Contender, Job, Supervision } from './contender.ts';
import { inForeground } from './foreground.ts';

export async function haproxy(): Promise<Contender> {
  const { version, argv } = await haproxyPackage();
  return { name: 'haproxy', version, start: (job) => start(argv, job) };
}

async function start(argv: readonly string[], job: Job): Promise<Supervision> {
  const inner = await freePort();
  inForeground(job, ['/bin/sh', job.script, String(inner)]);
  const file = `${job.directory}/haproxy.cfg`;
  const lines = [
    'global',
    '  nbthread 1',
    '  maxconn 2000',
    'defaults',
    '  mode tcp',
    '  timeout connect 1s',
    '  timeout client 1h',
    '  timeout server 1h',
    'listen job',
    `  bind 127.0.0.1:${job.port}`,
    `  server job 127.0.0.1:${inner}`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const basics = inForeground(job, [...argv, '-db', '-f', file]);
  return { ...basics, gateway: basics.supervisor, state: async () => 'runs' };
}
