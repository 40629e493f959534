/**
 * The configuration that the stack runs by, kept beside its state: a controller that takes the
 * place of another goes on with it, whatever the stack file says by then.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Configuration } from '../ports/controller-api.ts';

export interface KeptConfiguration extends Configuration {
  /** Names the moment at which somebody asked for what the file said then. */
  readonly asOf: string;
}

/** Null: none is kept, or by an older version. */
export async function readKept(stateDir: string): Promise<KeptConfiguration | null> {
  try {
    const kept = JSON.parse(await readFile(fileIn(stateDir), 'utf8'));
    return kept.asOf === undefined ? null : kept;
  } catch {
    // Whatever is wrong with it, the stack file itself is read then.
    return null;
  }
}

export async function keep(stateDir: string, configuration: KeptConfiguration): Promise<void> {
  const file = fileIn(stateDir);
  await writeFile(`${file}.new`, JSON.stringify(configuration), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function fileIn(stateDir: string): string {
  return `${stateDir}/spec.json`;
}
