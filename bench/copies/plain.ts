/** What comes with the system: neither encrypts, nor keeps increments, nor checks. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { promisify } from 'node:util';
import type { CopyContender } from './contender.ts';

const run = promisify(execFile);

async function versionOf(program: string): Promise<string> {
  const { stdout } = await run(program, ['--version']);
  return /\d+(\.\d+)+/.exec(stdout)?.[0] ?? 'unknown';
}

/** A shell's words; the paths hold nothing that a shell would take for something else. */
function shell(script: string) {
  return { argv: ['sh', '-c', script] };
}

export async function tarZstd(): Promise<CopyContender> {
  return {
    ...{ name: 'tar-zstd', version: `${await versionOf('tar')}/${await versionOf('zstd')}` },
    open: async (directory) => {
      const repository = `${directory}/repository`;
      mkdirSync(repository);
      const archive = `${repository}/copy.tar.zst`;
      return {
        ...{ repository, incremental: false },
        save: (data) => shell(`tar -C ${data} -c . | zstd -q -3 -f -o ${archive}`),
        restore: (into) => shell(`mkdir ${into} && zstd -q -d -c ${archive} | tar -C ${into} -x`),
      };
    },
  };
}

export async function cp(): Promise<CopyContender> {
  return {
    ...{ name: 'cp', version: await versionOf('cp') },
    open: async (directory) => {
      const repository = `${directory}/repository`;
      return {
        ...{ repository, incremental: false },
        save: (data) => ({ argv: ['cp', '-a', data, repository] }),
        restore: (into) => ({ argv: ['cp', '-a', repository, into] }),
      };
    },
  };
}
