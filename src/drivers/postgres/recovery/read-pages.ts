/** Reads all pages of a cluster, at no more than a given rate, and tells the corrupt ones. */
import { setTimeout as delay } from 'node:timers/promises';
import { DarumaError } from '../../../model/errors.ts';
import type { CheckLimits } from '../../../ports/data-driver.ts';
import { baseFiles } from '../base-files.ts';
import { readControl } from '../replication/control-file.ts';
import { firstBlock } from './page-check.ts';
import { openPageFile, type PageRule } from './page-file.ts';

/** Of one file no more are told: a disk that lost much would fill every log. */
const toldMax = 10;

export interface CorruptPage {
  readonly file: string;
  readonly block: number;
}

/** Empty, too, where pages have no checksums. A server may run on the data. */
export async function corruptPages(data: string, limits: CheckLimits): Promise<CorruptPage[]> {
  const control = await readControl(data);
  if (control?.checksums !== true) return [];
  const found: CorruptPage[] = [];
  const pace = new Pace(limits);
  const rule: PageRule = {
    since: null,
    onDoubt: () => undefined,
    onCorrupt: (file, block) => {
      if (found.filter((one) => one.file === file).length < toldMax) found.push({ file, block });
    },
  };
  for (const { path, kind, bytes } of await baseFiles(data)) {
    if (kind === 'directory' || firstBlock(path) === null) continue;
    try {
      for await (const chunk of await openPageFile(data, path, bytes, rule)) {
        await pace.read((chunk as Buffer).length);
      }
    } catch (error) {
      // A server that runs has removed it.
      if (!(error instanceof DarumaError && error.code === 'NOT_FOUND')) throw error;
    }
  }
  return found;
}

class Pace {
  readonly #limits: CheckLimits;
  readonly #begun = performance.now();
  #bytes = 0;

  constructor(limits: CheckLimits) {
    this.#limits = limits;
  }

  async read(bytes: number): Promise<void> {
    const { signal, bytesPerSecondMax } = this.#limits;
    signal.throwIfAborted();
    this.#bytes += bytes;
    if (bytesPerSecondMax === null) return;
    const dueMs = (this.#bytes / bytesPerSecondMax) * 1_000;
    const earlyMs = dueMs - (performance.now() - this.#begun);
    if (earlyMs > 1) await delay(earlyMs, undefined, { signal });
  }
}
