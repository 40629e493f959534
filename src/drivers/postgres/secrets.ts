/**
 * The passwords of one PostgreSQL service, in `secrets/NAME.json`. Generated when first asked for,
 * so that `${services.NAME.url}` is known before the database ever ran, and never changed after.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ServiceName } from '../../model/ids.ts';
import { layout } from '../../model/layout.ts';
import { replaceFile } from '../durable-file.ts';

export interface Secrets {
  readonly superuser: string;
  /** System identifier of the cluster whose superuser is known to have this password. */
  readonly superuserSetIn: string | null;
  /** Generated ones only, by role. */
  readonly users: Readonly<Record<string, string>>;
}

export class SecretFile {
  readonly #path: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(stateDir: string, service: ServiceName) {
    this.#path = `${layout(stateDir).secretsDir}/${service}.json`;
  }

  /** With a password for each of these roles. */
  read(users: readonly string[]): Promise<Secrets> {
    return this.#inTurn(async () => {
      const kept = (await this.#load()) ?? (await this.#create(users));
      const missing = users.filter((user) => kept.users[user] === undefined);
      if (missing.length === 0) return kept;
      const added = Object.fromEntries(missing.map((user) => [user, password()]));
      return this.#save({ ...kept, users: { ...kept.users, ...added } });
    });
  }

  async superuserSetIn(systemId: string): Promise<void> {
    await this.#inTurn(async () => {
      const kept = (await this.#load()) ?? (await this.#create([]));
      await this.#save({ ...kept, superuserSetIn: systemId });
    });
  }

  async #load(): Promise<Secrets | null> {
    try {
      return JSON.parse(await readFile(this.#path, 'utf8'));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw new Error(`${this.#path} can't be read`, { cause: error });
    }
  }

  /** A link fails when the name exists: of two processes that create it, both then use one. */
  async #create(users: readonly string[]): Promise<Secrets> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const generated = Object.fromEntries(users.map((user) => [user, password()]));
    const secrets = { superuser: password(), superuserSetIn: null, users: generated };
    const fresh = `${this.#path}.${process.pid}`;
    await replaceFile(fresh, JSON.stringify(secrets));
    try {
      await link(fresh, this.#path);
      return secrets;
    } catch (error) {
      const other = await this.#load();
      if (other === null) throw error;
      return other;
    } finally {
      await rm(fresh, { force: true });
    }
  }

  async #save(secrets: Secrets): Promise<Secrets> {
    await replaceFile(this.#path, JSON.stringify(secrets));
    return secrets;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn;
    // Whoever asked for this turn gets its error; the next one starts all the same.
    turn.catch(() => undefined);
    return turn;
  }
}

function password(): string {
  return randomBytes(24).toString('base64url');
}
