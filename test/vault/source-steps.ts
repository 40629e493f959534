/** Puts data in place, or back, in a process of its own that is killed after so many renames and
 * removals. As a program: STEP FUNCTION SPEC ID. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { PointSourceSpec } from '../../src/model/recovery-point.ts';

const own = fileURLToPath(import.meta.url);

/** False: it came to its end before. */
export async function killedAtStep(
  step: number,
  what: 'putInPlace' | 'putBack',
  spec: PointSourceSpec,
  id: string,
): Promise<boolean> {
  const args = ['--disable-warning=ExperimentalWarning', own];
  const child = spawn(process.execPath, [...args, String(step), what, JSON.stringify(spec), id], {
    stdio: 'inherit',
  });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`${what} ended with ${code ?? signal}`);
  return signal === 'SIGKILL';
}

async function main([step, what, spec = '', id = '']: readonly string[]): Promise<void> {
  let left = Number(step);
  for (const name of ['rename', 'rm'] as const) {
    const real = promises[name] as (...args: unknown[]) => Promise<void>;
    const counted = async (...args: unknown[]) => {
      await real(...args);
      left -= 1;
      if (left === 0) process.kill(process.pid, 'SIGKILL');
    };
    Object.assign(promises, { [name]: counted });
  }
  syncBuiltinESMExports();
  const replacement = await import('../../src/vault/sources/replacement.ts');
  const all = replacement.landings(JSON.parse(spec));
  if (what === 'putInPlace') await replacement.putInPlace(all, id);
  else await replacement.putBack(all, id);
}

if (process.argv[1] === own) await main(process.argv.slice(2));
