/** `while :; do …; done`: what everybody has, and as fast as it gets. */
import type { Contender, Job } from './contender.ts';
import { inForeground } from './foreground.ts';

export function shellLoop(): Promise<Contender> {
  const start = async ({ script, port }: Job, job: Job) => ({
    ...inForeground(job, ['/bin/sh', '-c', `while :; do sh '${script}' ${port}; done`]),
    state: async () => 'loops on',
  });
  return Promise.resolve({
    name: 'shell-loop',
    version: '/bin/sh',
    start: (job) => start(job, job),
  });
}
