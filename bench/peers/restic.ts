/** restic: copies that are encrypted, cut into chunks that are kept once, and compressed. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CopyContender } from '../copies/contender.ts';
import { debianPackage } from './debian.ts';

const run = promisify(execFile);

export async function restic(): Promise<CopyContender> {
  const { root, version } = await debianPackage('restic', '/usr/bin/restic');
  // It needs no libraries.
  const program = `${root}/usr/bin/restic`;
  return {
    ...{ name: 'restic', version },
    open: async (directory) => {
      const repository = `${directory}/repository`;
      const environment = {
        ...{ RESTIC_REPOSITORY: repository, RESTIC_PASSWORD: 'password' },
        RESTIC_CACHE_DIR: `${directory}/cache`,
      };
      await run(program, ['init', '--quiet'], { env: { ...process.env, ...environment } });
      return {
        ...{ repository, incremental: true },
        save: (data) => ({ argv: [program, 'backup', '--quiet', data], environment }),
        restore: (into) => ({
          argv: [program, 'restore', 'latest', '--quiet', '--target', into],
          environment,
        }),
      };
    },
  };
}
