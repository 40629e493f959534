/** Connections at a steady rate, one short exchange each, counted by how they went. */
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../keeper/rig.ts';

export interface Tally {
  asked: number;
  answered: number;
  /** Could not connect at all: code → count. */
  readonly refused: Map<string, number>;
  /** Connected, then cut. */
  cut: number;
}

/** Returns how to stop; resolves then with the tally once every exchange has ended. */
export function startLoad(port: number, perSecond: number): () => Promise<Tally> {
  const tally: Tally = { asked: 0, answered: 0, refused: new Map(), cut: 0 };
  const running = new Set<Promise<void>>();
  let stopped = false;
  const loop = (async () => {
    const begun = performance.now();
    while (!stopped) {
      const due = ((performance.now() - begun) / 1_000) * perSecond;
      for (; tally.asked < due; tally.asked++) {
        const one = oneExchange(port, tally).finally(() => running.delete(one));
        running.add(one);
      }
      await pause(5);
    }
  })();
  return async () => {
    stopped = true;
    await loop;
    await Promise.all(running);
    return tally;
  };
}

async function oneExchange(port: number, tally: Tally): Promise<void> {
  let client: Client;
  try {
    client = await Client.open(port);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    tally.refused.set(code, (tally.refused.get(code) ?? 0) + 1);
    return;
  }
  try {
    await client.exchange('x');
    tally.answered++;
  } catch {
    tally.cut++;
  }
  client.close();
}
