/** The `.env` beside the stack file. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnvironmentFile } from './dotenv.ts';
import type { Lookup } from './interpolate.ts';
import type { Problem } from './problem.ts';

/** Variables of the environment, and of `.env` beside the stack file where it lacks them. */
export function readDotenv(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): {
  readonly lookup: Lookup;
  readonly text: string | null;
  readonly problems: readonly Problem[];
} {
  const file = join(directory, '.env');
  const own: Lookup = (name) => environment[name];
  if (!existsSync(file)) return { lookup: own, text: null, problems: [] };
  const text = readFileSync(file, 'utf8');
  const parsed = parseEnvironmentFile(text, own);
  const problems = parsed.problems.map(({ line, message }) => {
    return { file, line, column: 1, path: '', message, expected: null, found: null, hint: null };
  });
  return { lookup: (name) => environment[name] ?? parsed.values[name], text, problems };
}
