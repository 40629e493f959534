/** Gives data back to a service by its own command. */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CommandSpec } from '../../model/command-spec.ts';
import type { CommandRun } from './context.ts';
import { runTied } from './tied-job.ts';

/** `content`: what `dump` printed. Rejects with TIMED_OUT, ACTION_FAILED and what it said. */
export async function loadDump(
  load: CommandSpec,
  timeoutMs: number,
  run: CommandRun,
  content: Readable,
  signal: AbortSignal,
): Promise<void> {
  await runTied({ what: 'load', command: load, run, timeoutMs, signal }, async (child) => {
    child.stdout.resume();
    if (child.stdin === null) throw new Error('the command has no input');
    await pipeline(content, child.stdin);
  });
}
