/** Our own output goes to a log file, on a disk that may be full or read-only. */

/** What can't be written is lost; without this, it would end the process. */
export function outliveOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
