/** Values measured, by contender and figure; what is made of them. */

export interface Figure {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly n: number;
}

/** Contender → figure name → what was measured. */
export type Figures = Readonly<Record<string, Readonly<Record<string, Figure>>>>;
/** `daruma/PEER` → figure name → median by median. */
export type Ratios = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What says how a contender fared, and not how much of something there was. */
const withoutRatio: readonly string[] = ['runs', 'adopted'];

export class Tally {
  readonly #values = new Map<string, Map<string, number[]>>();

  add(contender: string, figure: string, value: number): void {
    const figures = this.#values.get(contender) ?? new Map<string, number[]>();
    this.#values.set(contender, figures);
    figures.set(figure, [...(figures.get(figure) ?? []), value]);
  }

  /** In this order, whoever was measured first. */
  figures(order: readonly string[]): Figures {
    const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
    const entries = [...this.#values].sort(([a], [b]) => place(a) - place(b));
    return Object.fromEntries(
      entries.map(([contender, figures]) => [
        contender,
        Object.fromEntries([...figures].map(([name, values]) => [name, summary(values)])),
      ]),
    );
  }
}

function summary(values: readonly number[]): Figure {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  const round = (value: number) => Math.round(value * 100) / 100;
  return {
    min: round(at(0)),
    median: round(median),
    max: round(at(-1 + sorted.length)),
    n: sorted.length,
  };
}

/**
 * Of the medians; where a peer's is 0 there is none. What was measured with several sizes of a
 * thing has the size behind its name, and is compared with its like: `daruma-200/pm2-200`.
 */
export function ratios(figures: Figures): Ratios {
  const pairs = Object.entries(figures).flatMap(([peer, theirs]) => {
    const name = `daruma${/-\d+(-checks)?$/.exec(peer)?.[0] ?? ''}`;
    const own = figures[name];
    if (own === undefined || name === peer) return [];
    return [[`${name}/${peer}`, medianRatios(own, theirs)] as const];
  });
  return Object.fromEntries(pairs.filter(([, common]) => Object.keys(common).length > 0));
}

type Own = Readonly<Record<string, Figure>>;

function medianRatios(own: Own, theirs: Own): Record<string, number> {
  const common = Object.entries(own).flatMap(([name, { median }]) => {
    const other = theirs[name]?.median ?? 0;
    return other === 0 || withoutRatio.includes(name)
      ? []
      : [[name, Number((median / other).toPrecision(3))] as const];
  });
  return Object.fromEntries(common);
}
