/** How many requests per second are answered: by the API, and by a bare route of fastify. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { entry } from '../../src/model/entry.ts';
import { wrk } from '../wrk.ts';
import type { Place } from './place.ts';

const path = '/api/v1/services';
const connections = 32;

export class Rates {
  readonly #place: Place;
  readonly #bare: ChildProcess;
  readonly #ports: Readonly<Record<'daruma' | 'fastify', number>>;

  private constructor(place: Place, bare: ChildProcess, barePort: number) {
    this.#place = place;
    this.#bare = bare;
    this.#ports = { daruma: place.port, fastify: barePort };
  }

  /** The bare route gives what the API gives now. */
  static async open(place: Place): Promise<Rates> {
    const headers = { authorization: `Bearer ${place.token}` };
    const answer = await fetch(new URL(path, place.url), { headers });
    const file = `${place.stage.directory}/answer.json`;
    writeFileSync(file, await answer.text());
    const bare = spawn(process.execPath, [fileURLToPath(entry(import.meta.url, './bare')), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: place.environment,
    });
    const [port] = await once(createInterface(bare.stdout), 'line');
    return new Rates(place, bare, Number(port));
  }

  async measure(whose: 'daruma' | 'fastify', seconds: number): Promise<number> {
    const { directory } = this.#place.stage;
    const options = { port: this.#ports[whose], seconds, connections, keepAlive: true, pauseMs: 0 };
    const headers = { Authorization: `Bearer ${this.#place.token}` };
    const { requests, seconds: took, errors } = await wrk(directory, { ...options, path, headers });
    if (errors > 0) throw new Error(`${errors} requests failed`);
    return requests / took;
  }

  close(): void {
    this.#bare.kill('SIGKILL');
  }
}
