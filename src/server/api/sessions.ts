/**
 * Sessions of people: a short access token and a refresh token that is replaced at each use.
 *
 *   login ─▶ generation 1 ─refresh─▶ generation 2 ─refresh─▶ …   logout, revoked, expired ─▶ gone
 *                 └─ used again: somebody has stolen it ─▶ the whole session is gone
 *
 * 1. A refresh token says its session and generation, under our signature. An older generation than
 *    the current one was used before: whoever has it is not who got the next, so both are put out.
 * 2. Two tabs of one browser may refresh at the same moment. For a few seconds the loser is only
 *    told to look again: it has the new cookie already, and a thief gets nothing.
 * 3. An access token is good for ten minutes, and never longer than its session.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { DarumaError } from '../../model/errors.ts';
import type { AccountsDb, Row } from './accounts-db.ts';
import type { Person } from './people.ts';
import { isSame } from './secrets.ts';

const accessMs = 10 * 60_000;
const sessionMs = 30 * 24 * 3_600_000;
const tabsMs = 10_000;
const algorithm = 'HS256';
const sessionsMax = 50;

export interface Session {
  readonly id: string;
  /** Wall-clock milliseconds. */
  readonly created: number;
  readonly seen: number;
  readonly expires: number;
  readonly address: string;
  readonly agent: string;
}

export interface Place {
  readonly address: string;
  readonly agent: string;
}

export interface IssuedTokens {
  readonly access: string;
  readonly refresh: string;
  /** Of the access token; wall-clock milliseconds. */
  readonly expires: number;
}

export class Sessions {
  readonly #db: AccountsDb;
  readonly #accessKey: Buffer;
  readonly #refreshKey: Buffer;
  readonly #issuer: string;

  /** `issuer`: the stack; tokens of another one are worth nothing here. */
  constructor(db: AccountsDb, issuer: string) {
    this.#db = db;
    this.#issuer = issuer;
    this.#accessKey = db.secret('access');
    this.#refreshKey = db.secret('refresh');
  }

  /** The oldest of very many are dropped. */
  open(person: Person, { address, agent }: Place): Promise<IssuedTokens> {
    const id = randomBytes(12).toString('hex');
    const now = Date.now();
    this.#db.transaction(() => {
      this.#db.run('delete from sessions where expires < ?', now);
      const sql = `delete from sessions where user = ? and id not in
        (select id from sessions where user = ? order by seen desc limit ?)`;
      this.#db.run(sql, person.id, person.id, sessionsMax - 1);
      const values = [1, now, now, now, now + sessionMs, address, agent];
      this.#db.run(
        'insert into sessions values (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        ...[id, person.id, ...values],
      );
    });
    return this.#issue(id, person.id, 1);
  }

  /** Throws UNAUTHORIZED; the session is gone then if the token was used before. REFUSED: another
   * tab was faster. */
  refresh(token: string): Promise<IssuedTokens> {
    const [id = '', generation = ''] = token.split('.');
    if (!isSame(token, this.#refreshToken(id, Number(generation)))) throw over();
    const now = Date.now();
    const next = this.#db.transaction(() => {
      const row = this.#db.get('select * from sessions where id = ?', id);
      if (row === undefined || Number(row['expires']) < now) return null;
      if (Number(row['generation']) !== Number(generation)) return this.#reused(row, generation);
      const sql = 'update sessions set generation = ?, rotated = ?, seen = ? where id = ?';
      this.#db.run(sql, Number(generation) + 1, now, now, id);
      return row;
    });
    if (next === null) throw over();
    if (next === 'tabs') throw new DarumaError('REFUSED', 'it was refreshed just now: look again');
    return this.#issue(id, Number(next['user']), Number(generation) + 1);
  }

  /** Whose token it is and of which session; null: it is no good. */
  async verify(token: string): Promise<{ readonly user: number; readonly session: string } | null> {
    try {
      const { payload } = await jwtVerify(token, this.#accessKey, {
        algorithms: [algorithm],
        issuer: this.#issuer,
        audience: 'daruma',
        requiredClaims: ['sub', 'sid', 'exp'],
      });
      const session = String(payload['sid']);
      const row = this.#db.get('select user, expires from sessions where id = ?', session);
      const alive = row !== undefined && Number(row['expires']) >= Date.now();
      const user = Number(payload.sub);
      return alive && row['user'] === user ? { user, session } : null;
    } catch {
      return null; // Whatever is wrong with it, it is no token of ours that is good now.
    }
  }

  list(person: Person): readonly Session[] {
    const sql = 'select * from sessions where user = ? and expires >= ? order by seen desc';
    return this.#db.all(sql, person.id, Date.now()).map(toSession);
  }

  /** False: there is none of this person. */
  revoke(person: Person, id: string): boolean {
    return this.#db.run('delete from sessions where id = ? and user = ?', id, person.id) > 0;
  }

  revokeOthers(person: Person, besides: string): void {
    this.#db.run('delete from sessions where user = ? and id <> ?', person.id, besides);
  }

  #reused(row: Row, generation: string): 'tabs' | null {
    const wasLast = Number(row['generation']) === Number(generation) + 1;
    if (wasLast && Date.now() - Number(row['rotated']) < tabsMs) return 'tabs';
    this.#db.run('delete from sessions where id = ?', String(row['id']));
    const name = this.#db.get('select name from users where id = ?', Number(row['user']));
    const text = 'a refresh token was used twice: that session was ended';
    this.#db.run('insert into outbox (by, text) values (?, ?)', String(name?.['name']), text);
    return null;
  }

  async #issue(session: string, user: number, generation: number): Promise<IssuedTokens> {
    const expires = Date.now() + accessMs;
    const access = await new SignJWT({ sid: session })
      .setProtectedHeader({ alg: algorithm })
      .setSubject(String(user))
      .setIssuer(this.#issuer)
      .setAudience('daruma')
      .setIssuedAt()
      .setExpirationTime(Math.floor(expires / 1_000))
      .sign(this.#accessKey);
    return { access, refresh: this.#refreshToken(session, generation), expires };
  }

  #refreshToken(session: string, generation: number): string {
    const text = `${session}.${generation}`;
    return `${text}.${createHmac('sha256', this.#refreshKey).update(text).digest('hex')}`;
  }
}

function over(): DarumaError {
  return new DarumaError('UNAUTHORIZED', 'this session is over: log in again');
}

function toSession(row: Row): Session {
  return {
    id: String(row['id']),
    created: Number(row['created']),
    seen: Number(row['seen']),
    expires: Number(row['expires']),
    address: String(row['address']),
    agent: String(row['agent']),
  };
}
