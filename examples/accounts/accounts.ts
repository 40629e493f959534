/** Registration, login, profile. */

import type { Database } from './database.ts';
import { Failure } from './failures.ts';
import type { Passwords } from './passwords.ts';

export interface Profile {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly createdAt: string;
}

export interface Registration {
  readonly requestId: string;
  readonly name: string;
  readonly displayName: string;
  readonly password: string;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly display_name: string;
  readonly password_hash: string;
  readonly request_id: string;
  readonly created_at: Date;
}

export class Accounts {
  readonly #database: Database;
  readonly #passwords: Passwords;

  constructor(database: Database, passwords: Passwords) {
    this.#database = database;
    this.#passwords = passwords;
  }

  /**
   * A client that got no answer asks again with the same `requestId`, and gets the account that it
   * made the first time. Throws a Failure (409) when the name belongs to somebody else.
   */
  async register(registration: Registration): Promise<Profile> {
    const { requestId, name, displayName, password } = registration;
    const hash = await this.#passwords.hash(password);
    const [row] = await this.#database.ask<Row>(
      `insert into accounts (name, display_name, password_hash, request_id)
       values ($1, $2, $3, $4)
       on conflict do nothing
       returning *`,
      [name, displayName, hash, requestId],
    );
    if (row !== undefined) return toProfile(row);
    const known = await this.#byName(name);
    const same = known?.request_id === requestId;
    if (same && (await this.#passwords.verify(password, known.password_hash))) {
      return toProfile(known);
    }
    throw new Failure(409, 'NAME_TAKEN', 'this name is taken');
  }

  /** Null: no such account, or not its password; it takes as long either way. */
  async logIn(name: string, password: string): Promise<Profile | null> {
    const known = await this.#byName(name);
    const right = await this.#passwords.verify(password, known?.password_hash);
    return right && known !== undefined ? toProfile(known) : null;
  }

  /** Throws a Failure (404) when the account is no longer there. */
  async profile(id: string): Promise<Profile> {
    const [row] = await this.#database.ask<Row>('select * from accounts where id = $1', [id]);
    if (row === undefined) throw new Failure(404, 'NO_ACCOUNT', 'there is no such account');
    return toProfile(row);
  }

  async #byName(name: string): Promise<Row | undefined> {
    const [row] = await this.#database.ask<Row>('select * from accounts where name = $1', [name]);
    return row;
  }
}

function toProfile(row: Row): Profile {
  return {
    id: row.id,
    name: row.name,
    displayName: row.display_name,
    createdAt: row.created_at.toISOString(),
  };
}
