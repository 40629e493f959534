/** The availability of services, kept up with the event log: each record is read once. */
import { AvailabilityHistory } from '../availability/history.ts';
import type { AvailabilityReport } from '../model/availability.ts';
import type { StoredRecord } from '../model/record.ts';
import type { StackView } from '../model/view.ts';

const pageSize = 1_000;

interface Source {
  records(after: number, limit: number): Promise<readonly StoredRecord[]>;
  stack(): Promise<StackView>;
}

export class AvailabilityLog {
  readonly #source: Source;
  readonly #history = new AvailabilityHistory();
  /** One reads at a time; those who come meanwhile wait for it and read on. */
  #reading: Promise<void> = Promise.resolve();

  constructor(source: Source) {
    this.#source = source;
  }

  /** As of now. Rejects as the source does. */
  async report(): Promise<AvailabilityReport> {
    const reading = this.#reading.catch(() => undefined).then(() => this.#read());
    this.#reading = reading;
    await reading;
    return this.#history.report(await this.#source.stack());
  }

  async #read(): Promise<void> {
    for (;;) {
      const page = await this.#source.records(this.#history.seq, pageSize);
      for (const stored of page) this.#history.note(stored);
      if (page.length < pageSize) return;
    }
  }
}
