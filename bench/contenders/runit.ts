/** runit: `runsvdir` starts a `runsv` for each service. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { debianPackage } from '../peers/debian.ts';
import { until } from '../wait.ts';
import type { Contender, Job, Supervision } from './contender.ts';
import { inForeground, output } from './foreground.ts';

export async function runit(): Promise<Contender> {
  const { root, version } = await debianPackage('runit', '/usr/bin/runsvdir');
  const bin = `${root}/usr/bin`;
  return { name: 'runit', version, start: (job) => start(bin, job) };
}

async function start(bin: string, job: Job): Promise<Supervision> {
  const service = `${job.directory}/services/job`;
  mkdirSync(service, { recursive: true });
  const script = `#!/bin/sh\nexec 2>&1\nexec sh '${job.script}' ${job.port}\n`;
  writeFileSync(`${service}/run`, script, { mode: 0o755 });
  const environment = { ...job.environment, PATH: `${bin}:${job.environment['PATH']}` };
  const services = `${job.directory}/services`;
  const basics = inForeground({ ...job, environment }, [`${bin}/runsvdir`, services]);
  const runsvdir = basics.supervisor();
  await until('runsv', 10_000, () => childOf(runsvdir));
  return {
    ...basics,
    // What supervises the service is runsv; runsvdir is its init.
    supervisor: () => childOf(runsvdir) ?? 0,
    startAgain: () => Promise.resolve(),
    state: async () => (await output([`${bin}/sv`, 'status', service])).split(':')[0] ?? '',
  };
}

function childOf(parent: number): number | null {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).find((pid) => parentOf(pid) === parent) ?? null;
}

function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null; // It has ended meanwhile.
  }
}
