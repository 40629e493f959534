/**
 * Which timer is due first, kept while timers are set and cleared, so that nobody has to go
 * through all of them at each step. It is a memory beside the state, which a state read from a
 * snapshot gets anew; the timers themselves stay plain data.
 */
type Timers = Record<string, number>;

interface Timer {
  readonly timer: string;
  readonly due: number;
}

const known = new WeakMap<Timers, Timer | null>();

/** Null: none is set. */
export function earliest(timers: Timers): Timer | null {
  const before = known.get(timers);
  if (before !== undefined) return before;
  let first: Timer | null = null;
  for (const [timer, due] of Object.entries(timers)) {
    if (first === null || isBefore({ timer, due }, first)) first = { timer, due };
  }
  known.set(timers, first);
  return first;
}

/** Of those due together, always the same one, in whatever order they were set. */
function isBefore(a: Timer, b: Timer): boolean {
  return a.due < b.due || (a.due === b.due && a.timer < b.timer);
}

export function setTimer(timers: Timers, timer: string, due: number): void {
  const first = known.get(timers);
  timers[timer] = due;
  if (first === undefined) return;
  if (first?.timer === timer) known.delete(timers);
  else if (first === null || isBefore({ timer, due }, first)) known.set(timers, { timer, due });
}

export function clearTimer(timers: Timers, timer: string): void {
  delete timers[timer];
  if (known.get(timers)?.timer === timer) known.delete(timers);
}
