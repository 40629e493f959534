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
    const last = lastWord(exit.lastLines);
    const message = `${describeExit(exit)}${last === null ? '' : `: ${last}`}`;
    const origin = { service: serviceOf(instance), instance, host };
    const report = { at, code: codeOf(exit), message, origin, source: 'exit' } as const;
    // Who was killed said nothing about that; one line is in the message already.
    const tells = exit.code !== null && exit.lastLines.length > 1;
    return [tells ? { ...report, stack: exit.lastLines.join('\n') } : report];
  });
}

function codeOf({ oom, signal, known, code }: ExitInfo): string {
  if (oom) return 'OOM';
  return signal ?? (known ? `EXIT_${code}` : 'EXIT');
}
