/** nginx before a program that runs by itself: one process, which keeps its connections open. */
import { writeFileSync } from 'node:fs';
import { freePort } from '../free-port.ts';
import { nginxPackage } from '../peers/nginx.ts';
import type { Contender, Job, Supervision } from './contender.ts';
import { inForeground } from './foreground.ts';

export async function nginx(): Promise<Contender> {
  const { version, argv } = await nginxPackage();
  return { name: 'nginx', version, start: (job) => start(argv, job) };
}

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

async function start(argv: readonly string[], job: Job): Promise<Supervision> {
  const { directory, port } = job;
  const inner = await freePort();
  inForeground(job, ['/bin/sh', job.script, String(inner)]);
  const file = `${directory}/nginx.conf`;
  writeFileSync(
    file,
    `daemon off;
master_process off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/nginx.log;
events { worker_connections 2000; }
http {
  access_log off;
  keepalive_requests 1000000000;
${temporary.map((name) => `  ${name}_temp_path ${directory}/${name};`).join('\n')}
  upstream job {
    server 127.0.0.1:${inner};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://job;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`,
  );
  const basics = inForeground(job, [...argv, '-e', `${directory}/nginx.log`, '-c', file]);
  return { ...basics, gateway: basics.supervisor, state: async () => 'runs' };
}
