/**
 * Runs work that may never end, such as a regular expression that backtracks, under V8's own time
 * limit: only code that runs in `vm` can be interrupted. That limit is one of the clock, and on a
 * busy machine much of it passes without us: work is judged by the processor's time it had.
 */
import { createContext, Script } from 'node:vm';

const sandbox = { work: (): void => undefined };
const context = createContext(sandbox);
const script = new Script('work()');

/** Of the limit: what may be missing when all of the time was ours. */
const tolerance = 0.8;
/** How often the time is doubled when it was not ours: 1.55 s together for a limit of 50 ms. */
const doublings = 4;

/** False: it was interrupted, wherever it was. Costs about 0.1 ms. */
export function runLimited(limitMs: number, work: () => void): boolean {
  sandbox.work = work;
  try {
    script.runInContext(context, { timeout: limitMs });
    return true;
  } catch (error) {
    // The error is one of the other context: it is no `instanceof` our own Error.
    if (Object(error).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    return false;
  }
}

/**
 * The same for work that can be begun anew: false only when it had the processor for about as long
 * as the limit, or next to never got it.
 */
export function runWithin(limitMs: number, work: () => void): boolean {
  for (let doubled = 0; doubled <= doublings; doubled += 1) {
    const before = process.threadCpuUsage();
    if (runLimited(limitMs * 2 ** doubled, work)) return true;
    const { user, system } = process.threadCpuUsage(before);
    if ((user + system) / 1_000 >= limitMs * tolerance) return false;
  }
  return false;
}
