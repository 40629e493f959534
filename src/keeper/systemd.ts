/** Tells systemd how it goes (Type=notify), when it asks to be told. */
import { spawn } from 'node:child_process';

/** A boot waits for it. */
const lookForReadyMs = 100;

export class Systemd {
  readonly #log: (text: string) => void;
  readonly asked = process.env['NOTIFY_SOCKET'] !== undefined;
  #timer: NodeJS.Timeout | null = null;

  constructor(log: (text: string) => void) {
    this.#log = log;
  }

  /** READY once the controller's heart beats, then WATCHDOG for as long as it does. */
  follow(beats: () => boolean): void {
    if (!this.asked) return;
    const watchdogUs = Number(process.env['WATCHDOG_USEC'] ?? 0);
    this.#each(lookForReadyMs, () => {
      if (!beats()) return;
      this.#end();
      this.#tell('READY=1', `MAINPID=${process.pid}`);
      if (watchdogUs === 0) return;
      const everyMs = Math.min(watchdogUs / 3_000, 10_000);
      this.#each(everyMs, () => beats() && this.#tell('WATCHDOG=1'));
    });
  }

  stopping(): void {
    if (this.asked) this.#tell('STOPPING=1');
  }

  /** Another keeper is the one to watch; resolves when systemd has been told. */
  async mainPid(pid: number): Promise<void> {
    if (this.asked) await this.#tell('READY=1', `MAINPID=${pid}`);
  }

  #each(everyMs: number, act: () => void): void {
    this.#timer = setInterval(act, everyMs);
    this.#timer.unref();
  }

  #end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** By a program: Node.js has no Unix datagram sockets. Needs NotifyAccess=all in the unit. */
  #tell(...state: string[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const child = spawn('systemd-notify', state, { stdio: 'ignore' });
    child.on('error', (error) => {
      this.#log(`systemd can't be told ${state.join(' ')}: ${error.message}`);
      this.#end();
      resolve();
    });
    child.on('exit', () => resolve());
    return promise;
  }
}
