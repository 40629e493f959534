/**
 * Stays with a running stack: shows it, and takes the keys. On a terminal it is a live view; else
 * one line per sentence. It ends with the stack, or when a person leaves.
 *
 *   watching ── Ctrl-C ─▶ going down ── Ctrl-C ─▶ hurrying ─▶ ended
 *       └───────── d ─▶ ended, the stack goes on
 *
 * Who came to a stack that was running (`visits`) leaves with Ctrl-C as with d.
 */
import { DarumaError, exitCodes } from '../model/errors.ts';
import { recordText } from '../model/record-text.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { StackView } from '../model/view.ts';
import { Keys } from './keys.ts';
import { LiveView } from './live-view.ts';
import type { Session } from './session.ts';
import { isSettled } from './stack-text.ts';
import { clockText } from './time-text.ts';

const drawEveryMs = 250;

export class Attendance {
  readonly #session: Session;
  readonly #spec: StackSpec;
  readonly #visits: boolean;
  readonly #live: LiveView | null;
  readonly #end = new AbortController();
  #goingDown: Promise<void> | null = null;
  #told = false;
  #failure: unknown = null;

  constructor(session: Session, spec: StackSpec, how: { readonly visits: boolean }) {
    this.#session = session;
    this.#spec = spec;
    this.#visits = how.visits;
    const { io, json, paint } = session;
    this.#live = io.out.isTTY === true && !json ? new LiveView(io.out, paint) : null;
  }

  /** Resolves with the exit code. `after`: the record to begin after. */
  async stay(after: number): Promise<number> {
    const { client, io } = this.#session;
    const keys = new Keys(io.input, {
      interrupt: () => this.#interrupt(),
      leave: () => this.#end.abort(),
    });
    const timer = setInterval(() => void this.#look(), drawEveryMs);
    try {
      for await (const { record } of client.follow(after, this.#end.signal)) {
        const text = recordText(record);
        if (text !== null) this.#tell(`${clockText(record.at)}  ${text}`);
      }
    } finally {
      clearInterval(timer);
      keys.close();
    }
    await this.#goingDown;
    this.#live?.end();
    if (this.#failure !== null) throw this.#failure;
    const { command } = this.#session;
    this.#session.print(
      ...(this.#goingDown === null && this.#end.signal.aborted
        ? ['the stack goes on without this view:', `  ${command} attach`, `  ${command} down`]
        : ['the stack is down']),
    );
    return exitCodes.ok;
  }

  /** The first is `down`; the next ends at once what is still stopping. */
  #interrupt(): void {
    if (this.#visits) this.#end.abort();
    else if (this.#goingDown === null) {
      this.#tell('going down; Ctrl-C again hurries');
      this.#goingDown = this.#down();
    } else {
      this.#tell('hurrying');
      this.#hurry().catch((error: unknown) => this.#fail(error));
    }
  }

  async #down(): Promise<void> {
    try {
      await this.#session.client.request(this.#session.user, { kind: 'down' });
    } catch (error) {
      this.#fail(error);
    }
  }

  async #hurry(): Promise<void> {
    const { client } = this.#session;
    const { services } = await client.stack();
    for (const { id, pid } of services.flatMap(({ instances }) => instances)) {
      if (pid === null) continue;
      try {
        await client.drill({ kind: 'signal', instance: id, signal: 'SIGKILL' });
      } catch (error) {
        const gone = error instanceof DarumaError && /^NOT_/.test(error.code);
        if (!gone) throw error;
      }
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#end.abort();
  }

  async #look(): Promise<void> {
    let view: StackView;
    try {
      view = await this.#session.client.stack();
    } catch {
      return; // It is just ending or being replaced: `follow` tells which.
    }
    if (this.#end.signal.aborted) return;
    if (!this.#told && allReady(view)) this.#tellReady(view);
    this.#live?.draw(view, this.#footer());
  }

  #footer(): string {
    if (this.#visits) return 'Ctrl-C or d: leave';
    return this.#goingDown === null ? 'Ctrl-C: down   d: leave it running' : 'Ctrl-C: hurry';
  }

  #tellReady(view: StackView): void {
    this.#told = true;
    const lines = ['everything is ready', ...this.#session.whatNext(view, this.#spec)];
    for (const line of lines) this.#tell(line);
  }

  #tell(line: string): void {
    if (this.#live === null) this.#session.print(line);
    else this.#live.tell(line);
  }
}

function allReady(view: StackView): boolean {
  if (view.state !== 'running' || (view.endpointsClosed ?? null) !== null) return false;
  return view.services.every(({ instances }) => instances.every(isSettled));
}
