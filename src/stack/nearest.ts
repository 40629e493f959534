/** The known word that somebody probably meant. */

/** Edits (insert, delete, replace, swap neighbours) from one word to the other: the optimal string
 * alignment distance. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (row > 1 && column > 1 && swapped) best = Math.min(best, (before[column - 2] ?? 0) + 1);
      current.push(best);
    }
    before = last;
    last = current;
  }
  return last[b.length] ?? 0;
}

/** Null when none is near: more than a third of its letters, rounded up, would have to change. */
export function nearest(word: string, known: Iterable<string>): string | null {
  let best: { readonly word: string; readonly edits: number } | null = null;
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_ ]/g, '');
  for (const candidate of known) {
    const edits = distance(plain(word), plain(candidate));
    const allowed = Math.ceil(Math.max(word.length, candidate.length) / 3);
    if (edits <= allowed && edits < candidate.length && (best === null || edits < best.edits)) {
      best = { word: candidate, edits };
    }
  }
  return best?.word ?? null;
}
