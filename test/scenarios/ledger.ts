/** What the instances of `services/api.ts` have written down about their requests. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Held {
  readonly instance: string;
  readonly pid: number;
  /** Ids of requests. */
  readonly accepted: ReadonlySet<number>;
  readonly answered: ReadonlySet<number>;
}

export function readLedger(directory: string): Held[] {
  return readdirSync(directory).map((name) => {
    const [file = '', pid] = name.split('-');
    const lines = readFileSync(path.join(directory, name), 'utf8').split('\n');
    const marked = (mark: string) =>
      new Set(lines.filter((line) => line.startsWith(mark)).map((line) => Number(line.slice(1))));
    const instance = file.replace('.', '/');
    return { instance, pid: Number(pid), accepted: marked('+'), answered: marked('-') };
  });
}
