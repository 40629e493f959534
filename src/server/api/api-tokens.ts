/** Tokens for programs: with a scope and an end, shown once. */
import { DarumaError } from '../../model/errors.ts';
import type { AccountsDb, Row } from './accounts-db.ts';
import type { People, Person } from './people.ts';
import { type Scope, scopes } from './roles.ts';
import { freshSecret, idWithin, isSecret } from './secrets.ts';

const prefix = 'daruma';
const tokensMax = 100;
/** When it was last used is written down this often at most. */
const usedEveryMs = 60_000;

export interface ApiToken {
  readonly id: string;
  readonly owner: string;
  readonly label: string;
  readonly scope: Scope;
  /** Wall-clock milliseconds. */
  readonly created: number;
  readonly expires: number;
  readonly used: number | null;
}

export class ApiTokens {
  readonly #db: AccountsDb;
  readonly #people: People;

  constructor(db: AccountsDb, people: People) {
    this.#db = db;
    this.#people = people;
  }

  /** Of one person, or of all. */
  list(person: Person | null): readonly ApiToken[] {
    const sql = `select tokens.*, users.name as owner from tokens join users on users.id = user
      where ? is null or user = ? order by created desc, tokens.id`;
    const id = person?.id ?? null;
    return this.#db.all(sql, id, id).map(toToken);
  }

  /** Throws REFUSED beyond a number. `text` is to be shown once. */
  make(
    person: Person,
    {
      label,
      scope,
      days,
    }: { readonly label: string; readonly scope: Scope; readonly days: number },
  ): ApiToken & { readonly text: string } {
    const { id, text, hash } = freshSecret(prefix);
    const now = Date.now();
    const expires = now + days * 24 * 3_600_000;
    this.#db.transaction(() => {
      if (this.list(person).length >= tokensMax) {
        throw new DarumaError('REFUSED', `${person.name} has ${tokensMax} tokens: revoke some`);
      }
      const sql = `insert into tokens (id, user, label, scope, hash, created, expires)
        values (?, ?, ?, ?, ?, ?, ?)`;
      this.#db.run(sql, id, person.id, label, scope, hash, now, expires);
      this.#people.note(person.name, `made the API token ${id} (${scope})`);
    });
    return { id, owner: person.name, label, scope, created: now, expires, used: null, text };
  }

  /** Null: there is none, or it has expired. */
  verify(
    text: string,
  ): { readonly user: number; readonly id: string; readonly scope: Scope } | null {
    const id = idWithin(prefix, text);
    const row = id === null ? undefined : this.#db.get('select * from tokens where id = ?', id);
    if (id === null || row === undefined || !isSecret(text, String(row['hash']))) return null;
    const now = Date.now();
    if (Number(row['expires']) < now) return null;
    if (now - Number(row['used'] ?? 0) > usedEveryMs) {
      this.#db.run('update tokens set used = ? where id = ?', now, id);
    }
    return { user: Number(row['user']), id, scope: scopeOf(row) };
  }

  /** `owner` null: whosever it is. Throws NOT_FOUND. */
  revoke(id: string, owner: Person | null, by: string): void {
    this.#db.transaction(() => {
      const sql = 'delete from tokens where id = ? and (? is null or user = ?)';
      const gone = this.#db.run(sql, id, owner?.id ?? null, owner?.id ?? null);
      if (gone === 0) throw new DarumaError('NOT_FOUND', `there is no token ${id}`);
      this.#people.note(by, `revoked the API token ${id}`);
    });
  }
}

function scopeOf(row: Row): Scope {
  return scopes.find((each) => each === row['scope']) ?? 'metrics';
}

function toToken(row: Row): ApiToken {
  return {
    id: String(row['id']),
    owner: String(row['owner']),
    label: String(row['label']),
    scope: scopeOf(row),
    created: Number(row['created']),
    expires: Number(row['expires']),
    used: row['used'] === null ? null : Number(row['used']),
  };
}
