/** Asks a person before something is lost. */
import { createInterface } from 'node:readline/promises';
import { DarumaError } from '../model/errors.ts';
import type { Session } from './session.ts';

/** Throws REFUSED unless `yes` was given or is answered; nobody is asked without a terminal. */
export async function requireConsent(
  { io }: Session,
  question: string,
  yes: boolean,
): Promise<void> {
  if (yes) return;
  if (io.input.isTTY !== true || io.out.isTTY !== true) {
    throw new DarumaError('REFUSED', `${question} This needs --yes.`);
  }
  const terminal = createInterface({ input: io.input });
  io.out.write(`${question} [y/N] `);
  try {
    const { value } = await terminal[Symbol.asyncIterator]().next();
    if (!/^y(es)?$/i.test(String(value ?? '').trim())) {
      throw new DarumaError('REFUSED', 'nothing was changed');
    }
  } finally {
    terminal.close();
  }
}
