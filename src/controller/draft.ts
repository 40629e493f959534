/**
 * A copy of plain data for whoever changes what he is given in place: each part of it is copied
 * when it is first looked at, so that a copy of a large state costs no more than what is touched.
 *
 * 1. Nothing that is done to the draft is ever seen in the original.
 * 2. The draft is used up before the original changes: parts not looked at yet are still shared.
 */
export function draftOf<T extends object>(original: T): T {
  return new Proxy(shallowCopy(original), {
    get(copy, name, receiver) {
      const value: unknown = Reflect.get(copy, name, receiver);
      if (typeof value !== 'object' || value === null || drafts.has(value)) return value;
      const draft = draftOf(value);
      drafts.add(draft);
      Reflect.set(copy, name, draft);
      return draft;
    },
  });
}

/** Those within others: a part that was looked at is the same whenever it is looked at again. */
const drafts = new WeakSet<object>();

function shallowCopy<T extends object>(original: T): T {
  return (Array.isArray(original) ? [...original] : { ...original }) as T;
}
