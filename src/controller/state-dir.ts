/** The state directory: made once, owned by one stack. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { DarumaError } from '../model/errors.ts';
import { layout } from '../model/layout.ts';

interface Identity {
  /** Unique among all stacks of the machine; marks processes and cgroups as ours. */
  readonly id: string;
  readonly name: string;
  readonly file: string;
}

/** Makes what is missing. Rejects with STATE_IN_USE when it belongs to another stack file. */
export async function openStateDir(
  stateDir: string,
  stack: { readonly name: string; readonly file: string },
): Promise<string> {
  const paths = layout(stateDir);
  for (const dir of [stateDir, paths.runDir, paths.logsDir, paths.dataDir, paths.secretsDir]) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
  }
  const kept = await readIdentity(stateDir);
  if (kept === null) return writeIdentity(stateDir, stack);
  if (kept.name !== stack.name) {
    const message = `${stateDir} holds the state of stack «${kept.name}» (${kept.file})`;
    throw new DarumaError('STATE_IN_USE', `${message}, not of «${stack.name}» (${stack.file})`);
  }
  return kept.id;
}

/** Null: nothing has been there yet. */
async function readIdentity(stateDir: string): Promise<Identity | null> {
  try {
    return JSON.parse(await readFile(`${stateDir}/stack.json`, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new DarumaError('STORE_FAILED', `${stateDir}/stack.json can't be read`, { cause: error });
  }
}

async function writeIdentity(
  stateDir: string,
  stack: { readonly name: string; readonly file: string },
): Promise<string> {
  // Nothing else of the stack, which may have secrets in it.
  const { name, file } = stack;
  const identity: Identity = { id: randomBytes(6).toString('hex'), name, file };
  const temporary = `${stateDir}/stack.json.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(identity)}\n`, { mode: 0o600 });
  await rename(temporary, `${stateDir}/stack.json`);
  return identity.id;
}
