/** Whether one of a server's processes is stopped (SIGSTOP): it neither works nor ends. */
import { readFile } from 'node:fs/promises';

/** Of one that is not there: false. */
export async function isStopped(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return /\) T /.test(stat);
}
