/** HAProxy in `mode http` before programs that run by themselves: one thread. */
import { writeFileSync } from 'node:fs';
import { freePort } from '../free-port.ts';
import { haproxyPackage } from '../peers/haproxy.ts';
import type { Contender, Job, Supervision } from './contender.ts';
import { inForeground } from './foreground.ts';

/** Checks as they are by default: each 2 s, three failures take a server out. */
const plain = {
  defaults: [
    'timeout connect 1s',
    'timeout client 5s',
    'timeout server 5s',
    'http-reuse safe',
    'option redispatch',
    'option httpchk GET /',
  ],
  check: 'check',
};
/** As short as goes without harm to a program that is slow now and then. */
const tuned = {
  defaults: [
    'timeout connect 100ms',
    'timeout client 5s',
    'timeout server 500ms',
    'timeout check 200ms',
    'http-reuse safe',
    'retries 3',
    'option redispatch 1',
    'retry-on all-retryable-errors',
    'option httpchk GET /',
  ],
  check: 'check inter 200ms fall 2 rise 1 observe layer7 error-limit 1 on-error mark-down',
};

export function haproxyHttp(): Promise<Contender> {
  return contender('haproxy-http', plain);
}

export function haproxyTuned(): Promise<Contender> {
  return contender('haproxy-tuned', tuned);
}

type Settings = typeof plain;

async function contender(name: string, settings: Settings): Promise<Contender> {
  const { version, argv } = await haproxyPackage();
  return { name, version, start: (job) => start(argv, job, settings) };
}

async function start(
  argv: readonly string[],
  job: Job,
  { defaults, check }: Settings,
): Promise<Supervision> {
  const servers: string[] = [];
  for (let number = 1; number <= job.replicas; number += 1) {
    const port = await freePort();
    inForeground(job, ['/bin/sh', job.script, String(port)]);
    servers.push(`  server job${number} 127.0.0.1:${port} ${job.replicas > 1 ? check : ''}`);
  }
  const file = `${job.directory}/haproxy.cfg`;
  const lines = [
    'global',
    '  nbthread 1',
    '  maxconn 2000',
    'defaults',
    '  mode http',
    '  option forwardfor',
    ...defaults.map((line) => `  ${line}`),
    'listen job',
    `  bind 127.0.0.1:${job.port}`,
    ...servers,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const basics = inForeground(job, [...argv, '-db', '-f', file]);
  return { ...basics, gateway: basics.supervisor, state: async () => 'runs' };
}
