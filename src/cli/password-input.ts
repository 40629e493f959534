/** Reads a password: from a terminal without showing it, else the first line of what comes. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { DarumaError } from '../model/errors.ts';
import type { Io } from './wiring.ts';

/** Throws BAD_REQUEST when nothing comes. */
export async function readPassword({ input, err }: Io): Promise<string> {
  const asked = input.isTTY === true;
  if (asked) err.write('password: ');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: nowhere, terminal: asked });
  try {
    const { value } = await terminal[Symbol.asyncIterator]().next();
    if (asked) err.write('\n');
    if (typeof value === 'string' && value !== '') return value;
    throw new DarumaError('BAD_REQUEST', 'there is no password on standard input');
  } finally {
    terminal.close();
  }
}
