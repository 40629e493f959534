/**
 * What becomes of us when our output can't be written: whoever read it has gone (`| head`), or the
 * disk that it goes to is full. A command that has something to tidy up is told, and ends by
 * itself; every other ends at once, as by SIGPIPE in the first case.
 */
import { exitCodes } from '../model/errors.ts';

const byBrokenPipe = 128 + 13;

/** To be called once, before anything is printed. */
export function endWithOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (stream.listenerCount('error') === 1) process.exit(exitCodeFor(error));
    });
  }
}

/** Calls back when nobody can read us any more; it is then left to the caller to end. */
export function onUnread(callback: () => void): void {
  process.stdout.on('error', callback);
}

function exitCodeFor(error: Error): number {
  if ('code' in error && error.code === 'EPIPE') return byBrokenPipe;
  // Lost as well when standard error is what can't be written.
  process.stderr.write(`daruma: the output can't be written: ${error.message}\n`);
  return exitCodes.failed;
}
