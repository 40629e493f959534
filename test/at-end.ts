/**
 * What a test leaves to be ended when it is over, whatever it came to.
 *
 * 1. The last one first: what was made later may use what was there before. (`t.after` of Node.js
 *    goes in the order of the calls, and so removes a directory before its writers are killed.)
 * 2. One that fails keeps no other from its work.
 */

type End = () => unknown;

/** A test, or what else says when it is over. */
export interface Ending {
  after(end: () => Promise<void>): void;
}

const endsOf = new WeakMap<Ending, End[]>();

/** Fails the test when `end` throws or rejects. */
export function atEnd(t: Ending, end: End): void {
  const known = endsOf.get(t);
  if (known !== undefined) {
    known.push(end);
    return;
  }
  const ends = [end];
  endsOf.set(t, ends);
  t.after(() => endAll(ends));
}

async function endAll(ends: End[]): Promise<void> {
  const errors: unknown[] = [];
  for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
    try {
      await end();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, 'not all could be ended');
}
