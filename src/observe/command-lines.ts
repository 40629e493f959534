/**
 * The log of a service that somebody else runs: the lines that its `logs` command prints, as they
 * come. A command that ends is started again, sooner after a long run than after a short one.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { errorInfo } from '../model/errors.ts';
import type { WatchedInstance } from '../ports/observer.ts';
import { startTied, type TiedCommand } from '../ports/tied-command.ts';
import type { ExecOptions } from './exec-probe.ts';
import type { FollowedLine } from './log-watch.ts';

const againFirstMs = 1_000;
const againMaxMs = 30_000;

export interface CommandLinesOptions {
  readonly argv: readonly string[];
  readonly watched: WatchedInstance;
  readonly asUser: ExecOptions['asUser'];
  /** Told how the command ended, such as «code 1: no such unit», before it is started again. */
  readonly onEnded: (how: string) => void;
}

/** Until the signal, which ends the command and all of its process group; so does our own end. */
export async function* commandLines(
  options: CommandLinesOptions,
  signal: AbortSignal,
): AsyncGenerator<FollowedLine> {
  let offset = 0;
  let againMs = againFirstMs;
  while (!signal.aborted) {
    const startedAt = performance.now();
    let last = '';
    const { child, end } = start(options);
    const ended = once(child, 'exit').catch((error: unknown) => [errorInfo(error).message, null]);
    signal.addEventListener('abort', end);
    for await (const text of createInterface({ input: child.stdout, signal })) {
      const next = offset + Buffer.byteLength(text) + 1;
      yield { text, offset, next };
      offset = next;
      last = text;
    }
    end();
    signal.removeEventListener('abort', end);
    const [code, killedBy] = await ended;
    if (signal.aborted) return;
    options.onEnded(`${killedBy ?? `code ${code}`}${last === '' ? '' : `: ${last}`}`);
    if (performance.now() - startedAt > againMaxMs) againMs = againFirstMs;
    await pause(againMs, undefined, { signal }).catch(() => undefined);
    againMs = Math.min(againMaxMs, againMs * 2);
  }
}

function start({ argv, watched, asUser }: CommandLinesOptions): TiedCommand {
  return startTied({
    argv,
    asUser: asUser(watched.user),
    workingDir: watched.service.workingDir,
    environment: watched.environment,
    stderr: 'ignore',
  });
}
