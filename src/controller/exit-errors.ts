/** Unexpected exits become error records. */
import type { ErrorReport } from '../model/error-record.ts';
import { describeExit, type ExitInfo } from '../model/exit.ts';
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
    const last = exit.lastLines.at(-1);
    const message = `${describeExit(exit)}${last === undefined ? '' : `: ${last}`}`;
    const origin = { service: serviceOf(instance), instance, host };
    return [{ at, code: codeOf(exit), message, origin, source: 'exit' }];
  });
}

function codeOf({ oom, signal, known, code }: ExitInfo): string {
  if (oom) return 'OOM';
  return signal ?? (known ? `EXIT_${code}` : 'EXIT');
}
