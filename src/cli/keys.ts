/** Keys and signals, as what they mean here. */
export interface Meanings {
  /** Ctrl-C, or SIGINT and SIGTERM. */
  readonly interrupt: () => void;
  /** `d`, or that the terminal went away. */
  readonly leave: () => void;
}

/** npm and a terminal may both pass on one Ctrl-C: what comes this soon is no second one. */
const sameKeyMs = 300;

export class Keys {
  readonly #input: NodeJS.ReadStream;
  readonly #meanings: Meanings;
  #lastInterrupt = Number.NEGATIVE_INFINITY;

  constructor(input: NodeJS.ReadStream, meanings: Meanings) {
    this.#input = input;
    this.#meanings = meanings;
    process.on('SIGINT', this.#interrupt).on('SIGTERM', this.#interrupt);
    process.on('SIGHUP', meanings.leave);
    if (input.isTTY && setRaw(input, true)) input.resume().on('data', this.#read);
  }

  close(): void {
    process.off('SIGINT', this.#interrupt).off('SIGTERM', this.#interrupt);
    process.off('SIGHUP', this.#meanings.leave);
    if (!this.#input.isTTY) return;
    setRaw(this.#input, false);
    this.#input.pause().off('data', this.#read);
  }

  readonly #interrupt = (): void => {
    const now = performance.now();
    if (now - this.#lastInterrupt < sameKeyMs) return;
    this.#lastInterrupt = now;
    this.#meanings.interrupt();
  };

  readonly #read = (bytes: Buffer): void => {
    for (const key of bytes.toString('utf8')) {
      if (key === '\u0003') this.#interrupt();
      if (key === 'd' || key === 'D') this.#meanings.leave();
    }
  };
}

/** False: the terminal is gone, and nobody presses a key there. */
function setRaw(input: NodeJS.ReadStream, raw: boolean): boolean {
  try {
    input.setRawMode(raw);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    return false;
  }
}
