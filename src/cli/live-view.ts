/**
 * The stack on a terminal, redrawn in place: a table of the instances and the latest sentences.
 * It only draws; what it shows is given to it.
 */
import type { StackView } from '../model/view.ts';
import type { Paint } from './paint.ts';
import { stackHeadline, stackTable } from './stack-text.ts';
import { cut } from './table.ts';
import type { Output } from './wiring.ts';

const sentencesKept = 200;
const leastSentences = 3;

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
    this.#drawn = lines.length;
  }

  /** In place of the view, what it told last: so nothing is lost that no frame showed. */
  end(): void {
    const lines = this.#sentences.slice(-(this.#out.rows || 24)).map((line) => `${line}\n`);
    this.#out.write(`${this.#clear()}${lines.join('')}`);
    this.#drawn = 0;
  }

  /** Lines that fit the terminal: first the table, then as many sentences as there is room for. */
  frame(view: StackView, footer: string): string[] {
    // A terminal that doesn't know its size says 0.
    const width = (this.#out.columns || 80) - 1;
    const height = (this.#out.rows || 24) - 1;
    const headline = this.#paint('bold', cut(stackHeadline(view), width));
    const all = stackTable(view, this.#paint, width);
    const rows = all.slice(0, Math.max(1, height - leastSentences - 4));
    const room = Math.max(leastSentences, height - rows.length - 4);
    const sentences = this.#sentences.slice(-room).map((sentence) => cut(sentence, width));
    return [headline, '', ...rows, '', ...sentences, this.#paint('dim', cut(footer, width))];
  }

  /** Up to the first line of what was drawn last, and away with all below. */
  #clear(): string {
    return this.#drawn === 0 ? '' : `\u001b[${this.#drawn}A\u001b[0J`;
  }
}
