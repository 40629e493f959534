/** One endpoint process, started by us or by a keeper before us. */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { type EndpointToKeeper, type KeeperToEndpoint, ListenError } from '../ports/keeper.ts';
import { isAlive, type ProcessIdentity } from '../ports/process-identity.ts';
import { Starvation } from '../ports/starvation.ts';
import { Watchdog } from './watchdog.ts';

/** How long a new process may take until it listens, and an adopted one until it calls. */
const firstBeatMs = 20_000;
/** How long it may take to end when asked to. */
const endMs = 5_000;
const lookMs = 50;

export type StartResult = 'ready' | 'gone' | ListenError;

export class RunningEndpoint {
  readonly identity: ProcessIdentity;
  readonly sinceMs = performance.now();
  /** How its start went. An adopted one is ready. */
  readonly started: Promise<StartResult>;
  readonly gone: Promise<void>;
  readonly #startedWith: (result: StartResult) => void;
  readonly #goneNow: () => void;
  #watchdog: Watchdog | null;
  #look: NodeJS.Timeout | null = null;
  #link: Socket | null = null;
  #isGone = false;

  /** `child` null: adopted, so that its end must be looked for. */
  constructor(
    identity: ProcessIdentity,
    child: ChildProcess | null,
    hangMs: number,
    log: (text: string) => void,
  ) {
    this.identity = identity;
    const started = Promise.withResolvers<StartResult>();
    const gone = Promise.withResolvers<void>();
    this.started = started.promise;
    this.gone = gone.promise;
    this.#startedWith = started.resolve;
    this.#goneNow = gone.resolve;
    const starvation = new Starvation(() => [identity.pid]);
    this.#watchdog = new Watchdog({
      silentMs: hangMs,
      firstMs: firstBeatMs,
      isStarved: (now) => starvation.look(now),
      onSilent: () => {
        log(`endpoint process ${identity.pid} hangs: killed`);
        this.kill();
      },
    });
    if (child === null) this.#adopted();
    else child.on('exit', () => this.#end());
  }

  /** It has called us. */
  attach(link: Socket): void {
    this.#link?.destroy();
    this.#link = link;
    link.on('close', () => {
      if (this.#link === link) this.#link = null;
    });
  }

  hear(message: EndpointToKeeper): void {
    this.#watchdog?.beat();
    if (message.kind === 'ready') this.#startedWith('ready');
    if (message.kind === 'listen-failed') {
      this.#startedWith(new ListenError(message.code, message.address));
    }
  }

  /** Another took over: it lives on, unwatched, until its last connection ends. */
  retire(): void {
    this.#watchdog?.stop();
    this.#watchdog = null;
    this.send({ kind: 'retire' });
  }

  send(message: KeeperToEndpoint): void {
    if (this.#link?.writable) this.#link.write(`${JSON.stringify(message)}\n`);
  }

  kill(): void {
    if (!this.#isGone && isAlive(this.identity)) process.kill(this.identity.pid, 'SIGKILL');
  }

  /** Asks it to end now, then kills it. */
  async end(): Promise<void> {
    this.#watchdog?.stop();
    this.send({ kind: 'shutdown' });
    const kill = setTimeout(() => this.kill(), this.#link === null ? 0 : endMs);
    await this.gone;
    clearTimeout(kill);
  }

  /** Lets go of it: it goes on without us. */
  release(): void {
    this.#watchdog?.stop();
    if (this.#look !== null) clearInterval(this.#look);
  }

  #adopted(): void {
    this.#startedWith('ready');
    this.#look = setInterval(() => {
      if (this.#link === null && !isAlive(this.identity)) this.#end();
    }, lookMs);
  }

  #end(): void {
    this.#isGone = true;
    this.release();
    this.#startedWith('gone');
    this.#goneNow();
  }
}
