/**
 * The stack on a terminal, redrawn in place: a table of the instances and the latest sentences.
 * It only draws; what it shows is given to it.
 */
import type { StackView } from '../model/view.ts';
import type { Paint } from './paint.ts';
import { stackHeadline, stackTable } from './stack-text.ts';
import { cut, displayWidth } from './table.ts';
import type { Output } from './wiring.ts';

const sentencesKept = 200;
const leastSentences = 3;
const endsWithUrl = /https?:\/\/\S+$/;

export class LiveView {
  readonly #out: Output;
  readonly #paint: Paint;
  #sentences: string[] = [];
  #drawn = 0;

  constructor(out: Output, paint: Paint) {
    this.#out = out;
    this.#paint = paint;
  }

  tell(sentence: string): void {
    this.#sentences = [...this.#sentences, sentence].slice(-sentencesKept);
  }

  draw(view: StackView, footer: string): void {
    const lines = this.frame(view, footer);
    this.#out.write(`${this.#clear()}${lines.join('\n')}\n`);
    this.#drawn = lines.reduce((sum, line) => sum + this.#rowsOf(line), 0);
  }

  /** In place of the view, what it told last: so nothing is lost that no frame showed. */
  end(): void {
    const lines = this.#sentences.slice(-(this.#out.rows || 24)).map((line) => `${line}\n`);
    this.#out.write(`${this.#clear()}${lines.join('')}`);
    this.#drawn = 0;
  }

  /** First the table, then as many sentences as there is room for. Lines are cut to the terminal's
   * width, but for those that end with an address, which would lead nowhere: it wraps them. */
  frame(view: StackView, footer: string): string[] {
    // A terminal that doesn't know its size says 0.
    const width = (this.#out.columns || 80) - 1;
    const height = (this.#out.rows || 24) - 1;
    const headline = this.#paint('bold', cut(stackHeadline(view), width));
    const all = stackTable(view, this.#paint, width);
    const rows = all.slice(0, Math.max(1, height - leastSentences - 4));
    const room = Math.max(leastSentences, height - rows.length - 4);
    const sentences = this.#latest(room).map((one) =>
      endsWithUrl.test(one) ? one : cut(one, width),
    );
    return [headline, '', ...rows, '', ...sentences, this.#paint('dim', cut(footer, width))];
  }

  /** As many of the newest as fit into so many rows. */
  #latest(room: number): string[] {
    let left = room;
    const from = this.#sentences.findLastIndex((one) => {
      left -= this.#rowsOf(one);
      return left < 0;
    });
    return this.#sentences.slice(from + 1);
  }

  #rowsOf(line: string): number {
    return endsWithUrl.test(line) ? Math.ceil(displayWidth(line) / (this.#out.columns || 80)) : 1;
  }

  /** Up to the first line of what was drawn last, and away with all below. */
  #clear(): string {
    return this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A\u001b[0J`;
  }
}
