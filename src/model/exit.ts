/** How a process ended. */
export interface ExitInfo {
  /** Exit code, or null when ended by a signal or unknown. */
  readonly code: number | null;
  /** Such as `SIGKILL`, or null. */
  readonly signal: string | null;
  /** False: an adopted process whose status nobody could collect. */
  readonly known: boolean;
  /** The kernel's out-of-memory killer ended it. */
  readonly oom: boolean;
  /** Last lines of output, at most 20. */
  readonly lastLines: readonly string[];
}

/** «exited with code 1», «killed by SIGKILL (out of memory)», «exited, status unknown». */
export function describeExit(exit: ExitInfo): string {
  if (!exit.known) return exit.oom ? 'killed (out of memory)' : 'exited, status unknown';
  const how = exit.signal === null ? `exited with code ${exit.code}` : `killed by ${exit.signal}`;
  return exit.oom ? `${how} (out of memory)` : how;
}

const namesError = /\b(?:error|fatal|panic|panicked|exception)\b|\w(?:Error|Exception)\b/i;
/** Places in the code, closing brackets, and how Node.js signs off. */
const saysNothing = /^\s|^[\])},;]*$|^Node\.js v\d/;
const lookedAt = 5;

/** Why a program ended, in its own words: the last line that names an error, else the last one.
 * Null: it said nothing. */
export function lastWord(lines: readonly string[]): string | null {
  const said = lines.filter((line) => !saysNothing.test(line)).slice(-lookedAt);
  const last = said.at(-1) ?? lines.findLast((line) => line.trim() !== '');
  return (said.findLast((line) => namesError.test(line)) ?? last)?.trim() ?? null;
}
