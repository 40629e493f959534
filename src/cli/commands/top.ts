import { setTimeout as pause } from 'node:timers/promises';
import type { AddCommand } from '../command.ts';
import { untilInterrupted } from '../interrupt.ts';
import type { Session } from '../session.ts';
import { type Screen, usageLines } from '../usage-text.ts';
import type { Output } from '../wiring.ts';

const everyMs = 1_000;

export const addTop: AddCommand = ({ program, action }) => {
  program
    .command('top')
    .description('show what the instances use, each second until Ctrl-C; once when piped')
    .action(action(watch));
};

async function watch(session: Session): Promise<number> {
  const { client, io, json, paint } = session;
  if (json) {
    session.printJson(await client.signals());
    return 0;
  }
  const isLive = io.out.isTTY === true;
  const interrupted = untilInterrupted();
  do {
    const [view, samples] = await Promise.all([client.stack(), client.signals()]);
    const lines = usageLines(view, samples, { paint, screen: screenOf(io.out) });
    io.out.write(`${isLive ? '\u001b[H\u001b[2J' : ''}${lines.join('\n')}\n`);
    if (isLive) await pause(everyMs, undefined, { signal: interrupted }).catch(() => undefined);
  } while (isLive && !interrupted.aborted);
  return 0;
}

/** Null: it is no terminal, or one that doesn't know its size. */
function screenOf({ isTTY, columns, rows }: Output): Screen | null {
  if (isTTY !== true || !columns || !rows) return null;
  return { width: columns, height: rows };
}
