/** New connections at a steady rate to `services/only-copy.ts`, counted by how each went. */
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { atEnd } from '../at-end.ts';

export interface Tally {
  begun: number;
  greeted: number;
  /** Connected, then cut without a word. */
  cut: number;
  /** Could not connect: why. */
  readonly refused: string[];
}

/** Begins at once; `stop` resolves when every connection has ended. Ends with the test. */
export function greetings(t: TestContext, port: number, perSecond: number) {
  const tally: Tally = { begun: 0, greeted: 0, cut: 0, refused: [] };
  const open = new Set<Promise<void>>();
  let stopped = false;
  const loop = (async () => {
    const begun = performance.now();
    while (!stopped) {
      const due = ((performance.now() - begun) / 1_000) * perSecond;
      for (; tally.begun < due; tally.begun += 1) {
        const one = connection(port, tally).finally(() => open.delete(one));
        open.add(one);
      }
      await pause(5);
    }
  })();
  const stop = async (): Promise<Tally> => {
    stopped = true;
    await loop;
    await Promise.all(open);
    return tally;
  };
  atEnd(t, stop);
  return { tally, stop };
}

function connection(port: number, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    let connected = false;
    let text = '';
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    socket.on('connect', () => {
      connected = true;
    });
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('error', (error) => {
      if (!connected) tally.refused.push(error.message);
    });
    socket.on('close', () => {
      if (text !== '') tally.greeted += 1;
      else if (connected) tally.cut += 1;
      resolve();
    });
  });
}
