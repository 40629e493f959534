/**
 * Passwords, as Argon2id in the PHC string format, so that the cost can be raised later: each hash
 * says with which parameters it was made.
 *
 * Hashing is expensive on purpose. At most a few run at a time, and at most so many wait: beyond
 * that the answer is «busy», or a crowd at the door would take the whole house down.
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Failure } from './failures.ts';

export interface Cost {
  readonly memoryKiB: number;
  readonly passes: number;
}

const derive = promisify(argon2);
const saltBytes = 16;
const tagBytes = 32;
const atOnceMax = 3;
const waitingMax = 100;

export class Passwords {
  readonly #cost: Cost;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #decoy: Promise<string> | undefined;

  constructor(cost: Cost) {
    this.#cost = cost;
  }

  async hash(password: string): Promise<string> {
    const { memoryKiB, passes } = this.#cost;
    const salt = randomBytes(saltBytes);
    const tag = await this.#derive(password, salt, this.#cost, tagBytes);
    const parameters = `m=${memoryKiB},t=${passes},p=1`;
    return `$argon2id$v=19$${parameters}$${base64(salt)}$${base64(tag)}`;
  }

  /** Without a hash (no such account) it takes as long and is false: the time tells nothing. */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    this.#decoy ??= this.hash(randomBytes(saltBytes).toString('hex'));
    const against = parse(hash ?? (await this.#decoy));
    const tag = await this.#derive(password, against.salt, against.cost, against.tag.length);
    return timingSafeEqual(tag, against.tag) && hash !== undefined;
  }

  async #derive(password: string, salt: Buffer, cost: Cost, length: number): Promise<Buffer> {
    await this.#enter();
    try {
      return await derive('argon2id', {
        // Different ways to write the same letters are the same password.
        message: password.normalize('NFKC'),
        nonce: salt,
        parallelism: 1,
        tagLength: length,
        memory: cost.memoryKiB,
        passes: cost.passes,
      });
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < atOnceMax) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= waitingMax) {
      throw new Failure(503, 'BUSY', 'too many are waiting', { retryAfter: 2 });
    }
    // Whoever leaves hands over its place, so the count stays as it is.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}

function parse(hash: string): { cost: Cost; salt: Buffer; tag: Buffer } {
  const found = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$([^$]+)\$([^$]+)$/.exec(hash);
  const [, memory, passes, salt, tag] = found ?? [];
  if (salt === undefined || tag === undefined) throw new Error('not an Argon2id hash of ours');
  return {
    cost: { memoryKiB: Number(memory), passes: Number(passes) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
