/** A service that keeps notes, with recovery points. */
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { PointView } from '../../src/model/recovery-point.ts';
import type { PlaceError } from '../../src/ports/vault.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';

const program = path.join(import.meta.dirname, 'services/notes.ts');

export interface Notes {
  readonly made: Bench;
  /** All that it says now; rejects when it doesn't serve. */
  read(): Promise<string[]>;
  add(note: string): Promise<void>;
}

/** `points`: what stands in `recovery_points`. */
export async function notes(t: TestContext, points: string, more = ''): Promise<Notes> {
  const port = await freePort();
  const made = await bench(
    t,
    `name: notes
recovery: { max_actions: 1000 per 10m }
services:
  notes:
    command: ["\${DARUMA_NODE}", "${program}"]
    data_dir: data
    endpoint: ${port}
    healthcheck: { http: /, interval: 200ms, timeout: 5s, start_period: 60s }
    recovery: { max_actions: 1000 per 10m }
    recovery_points: { ${points} }
${more}`,
  );
  const ask = async (method: string, url: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/${url}`, { method });
    return (await response.text()).split('\n').filter((line) => line !== '');
  };
  return {
    made,
    read: () => ask('GET', ''),
    add: async (note) => {
      await ask('POST', note);
    },
  };
}

export interface Listed {
  readonly points: readonly PointView[];
  readonly problems: readonly PlaceError[];
}

export function listed(made: Bench, service: string): Promise<Listed> {
  return made.json<Listed>('points', service);
}

/** Once there are so many. */
export function pointsOf(made: Bench, service: string, count: number): Promise<Listed> {
  return until(`${count} points are there`, async () => {
    const all = await listed(made, service);
    return all.points.length >= count ? all : null;
  });
}
