/** Unexpected exits become error records. */
import type { ErrorReport } from '../model/error-record.ts';
import { describeExit, type ExitInfo, lastWord } from '../model/exit.ts';
import { serviceOf } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';

/** `at`: when they were seen; `host`: where. */
export function errorsOfExits(
  records: readonly LogRecord[],
  at: number,
  host: string,
): readonly ErrorReport[] {
  return records.flatMap((record) => {
    if (record.kind !== 'instance-exited' || record.expected) return [];
    const { instance, exit } = record;
    // Who was killed by somebody else said nothing about that.
    const said = wasKilled(exit) ? [] : exit.lastLines;
    const last = lastWord(said);
    const message = `${describeExit(exit)}${last === null ? '' : `: ${last}`}`;
    const origin = { service: serviceOf(instance), instance, host };
    const report = { at, code: codeOf(exit), message, origin, source: 'exit' } as const;
    // One line is in the message already.
    return [said.length > 1 ? { ...report, stack: said.join('\n') } : report];
  });
}

/** Which a program brings upon itself. */
const ownSignals = ['SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV', 'SIGSYS', 'SIGTRAP'];

function wasKilled({ oom, signal }: ExitInfo): boolean {
  return oom || (signal !== null && !ownSignals.includes(signal));
}

function codeOf({ oom, signal, known, code }: ExitInfo): string {
  if (oom) return 'OOM';
  return signal ?? (known ? `EXIT_${code}` : 'EXIT');
}
