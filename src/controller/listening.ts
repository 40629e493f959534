/** Opens the endpoints; a taken port is told and tried again, while everything else goes on. */
import { errorInfo } from '../model/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Endpoints } from '../ports/endpoints.ts';
import type { Store } from '../ports/store.ts';
import type { ListedEndpoint } from './endpoint-list.ts';

export interface ListeningOptions {
  readonly endpoints: Endpoints;
  readonly clock: Clock;
  readonly store: Store;
  readonly host: string;
  readonly log: (text: string) => void;
}

const retryMs = 2_000;

export class Listening {
  readonly #options: ListeningOptions;
  #closed: string | null = 'they are being opened';

  constructor(options: ListeningOptions) {
    this.#options = options;
  }

  /** Why the endpoints do not accept connections yet; null: they do. */
  get closed(): string | null {
    return this.#closed;
  }

  /** Resolves after the first try. */
  async open(list: readonly ListedEndpoint[]): Promise<void> {
    const { endpoints, clock, store, host, log } = this.#options;
    try {
      await endpoints.listen(list);
      this.#closed = null;
    } catch (error) {
      const { code, message } = errorInfo(error);
      log(`endpoints: ${message}`);
      this.#closed = message;
      const origin = { service: null, instance: null, host };
      store.reportErrors([{ at: clock.now(), code, message, origin, source: 'daruma' }]);
      clock.after(retryMs, () => void this.open(list));
    }
  }
}
