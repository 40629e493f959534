/** Daruma's own recovery points, made and restored as its job process does, to a directory and
 * encrypted. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { entry } from '../../src/model/entry.ts';
import { jobEnvironment, jobFlags } from '../../src/vault/sources/gently.ts';
import { version } from '../../src/version.ts';
import { cacheDirectory } from '../peers/cache.ts';
import type { CopyContender } from './contender.ts';

export async function daruma(): Promise<CopyContender> {
  const job = fileURLToPath(entry(import.meta.url, './daruma-job'));
  const program = [process.execPath, ...jobFlags, '--disable-warning=ExperimentalWarning', job];
  return {
    ...{ name: 'daruma', version },
    open: async (directory) => {
      const compiled = cacheDirectory('compiled');
      const kept = { NODE_COMPILE_CACHE: compiled, DARUMA_COMPILE_CACHE: compiled };
      const environment = jobEnvironment({ ...process.env, ...kept });
      const identity = await generateIdentity();
      writeFileSync(`${directory}/identity`, `${identity}\n`, { mode: 0o600 });
      const recipient = await identityToRecipient(identity);
      return {
        ...{ repository: `${directory}/repository`, incremental: true },
        save: (data) => ({ argv: [...program, 'save', directory, recipient, data], environment }),
        restore: (into) => ({
          argv: [...program, 'restore', directory, recipient, into],
          environment,
        }),
      };
    },
  };
}
