/**
 * Blank launchers: shells that wait at their gate to be told what to launch.
 *
 * To fork costs by the memory of whoever forks: 1.5 ms in a Node.js that has loaded nothing yet, 5
 * to 8 ms in a controller at work. So a controller that is about to start many makes them before it
 * loads itself. This module is all that it needs for that, and imports as good as nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { gateScript, shell } from './gate.ts';

/** Of a process that starts hundreds, the rest are made when they are needed. */
const aheadMax = 500;

export class Blanks {
  readonly #waiting: ChildProcess[] = [];

  /** Makes so many; fewer where the system can't have more processes. */
  constructor(count: number) {
    for (let made = 0; made < Math.min(count, aheadMax); made += 1) {
      const blank = makeBlank();
      if (blank.pid === undefined) {
        // Whoever needs one makes it, and is told what is wrong.
        blank.on('error', () => undefined);
        break;
      }
      blank.unref();
      if (blank.stdin instanceof Socket) blank.stdin.unref();
      this.#waiting.push(blank);
    }
  }

  /** One that waits, or is just being made: then it may turn out that it can't be. */
  take(): ChildProcess {
    for (;;) {
      const blank = this.#waiting.shift() ?? makeBlank();
      if (blank.exitCode === null && blank.signalCode === null) return blank;
    }
  }

  /** Ends those that nobody took. */
  end(): void {
    for (const blank of this.#waiting.splice(0)) blank.stdin?.destroy();
  }
}

/** In a session of its own; it ends when the other end of the gate is closed. */
function makeBlank(): ChildProcess {
  return spawn(shell, ['-s', gateScript], {
    cwd: '/',
    env: {},
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}
