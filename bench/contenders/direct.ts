/** Nobody at all: the program runs by itself, and clients talk to it directly. */
import type { Contender, Job, Supervision } from './contender.ts';
import { inForeground } from './foreground.ts';

export function direct(): Promise<Contender> {
  return Promise.resolve({ name: 'direct', version: '', start });
}

async function start(job: Job): Promise<Supervision> {
  const basics = inForeground(job, ['/bin/sh', job.script, String(job.port)]);
  return { ...basics, state: async () => 'runs' };
}
