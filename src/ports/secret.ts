/** Secrets that the stack file only says the whereabouts of. */
import { readFile } from 'node:fs/promises';
import { DarumaError } from '../model/errors.ts';
import type { SecretSpec } from '../model/recovery-point.ts';

/** Rejects with REQUIREMENT_UNMET. `what` it is, for people. */
export async function readSecret(
  spec: SecretSpec,
  what: string,
  variable = (name: string): string | undefined => process.env[name],
): Promise<string> {
  if (spec.from === 'environment') {
    const value = variable(spec.name) ?? '';
    if (value !== '') return value;
    throw new DarumaError('REQUIREMENT_UNMET', `${what}: ${spec.name} isn't set`);
  }
  try {
    return (await readFile(spec.path, 'utf8')).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new DarumaError('REQUIREMENT_UNMET', `${what} can't be read`, { cause });
  }
}
