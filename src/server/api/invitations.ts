/** Invitations: whoever has the link may make one account with the role in it. */
import { DarumaError } from '../../model/errors.ts';
import type { AccountsDb, Row } from './accounts-db.ts';
import type { People, Person } from './people.ts';
import { type RoleName, roles } from './roles.ts';
import { freshSecret, idWithin, isSecret } from './secrets.ts';

const prefix = 'invite';

export interface Invitation {
  readonly id: string;
  readonly role: RoleName;
  readonly by: string;
  /** Wall-clock milliseconds. */
  readonly created: number;
  readonly expires: number;
}

export class Invitations {
  readonly #db: AccountsDb;
  readonly #people: People;

  constructor(db: AccountsDb, people: People) {
    this.#db = db;
    this.#people = people;
  }

  list(): readonly Invitation[] {
    const sql = 'select * from invitations where expires >= ? order by created desc, id';
    return this.#db.all(sql, Date.now()).map(toInvitation);
  }

  /** `text` is to be shown once. */
  make(role: RoleName, hours: number, by: string): Invitation & { readonly text: string } {
    const { id, text, hash } = freshSecret(prefix);
    const now = Date.now();
    const expires = now + hours * 3_600_000;
    this.#db.transaction(() => {
      this.#db.run('delete from invitations where expires < ?', now);
      const sql = 'insert into invitations values (?, ?, ?, ?, ?, ?)';
      this.#db.run(sql, id, hash, role, by, now, expires);
      this.#people.note(by, `made the invitation ${id} (${role})`);
    });
    return { id, role, by, created: now, expires, text };
  }

  /** Throws NOT_FOUND when it was used, revoked or has expired. */
  async accept(text: string, name: string, password: string): Promise<Person> {
    const invitation = this.#take(text);
    try {
      return await this.#people.add(name, invitation.role, password, name);
    } catch (error) {
      this.#giveBack(invitation);
      throw error;
    }
  }

  /** Throws NOT_FOUND. */
  revoke(id: string, by: string): void {
    this.#db.transaction(() => {
      const gone = this.#db.run('delete from invitations where id = ?', id);
      if (gone === 0) throw new DarumaError('NOT_FOUND', `there is no invitation ${id}`);
      this.#people.note(by, `revoked the invitation ${id}`);
    });
  }

  /** Nobody else gets it while the account is being made. */
  #take(text: string): Invitation & { readonly hash: string } {
    const id = idWithin(prefix, text);
    return this.#db.transaction(() => {
      const row =
        id === null ? undefined : this.#db.get('select * from invitations where id = ?', id);
      const right = row !== undefined && isSecret(text, String(row['hash']));
      if (row === undefined || !right || Number(row['expires']) < Date.now()) {
        throw new DarumaError('NOT_FOUND', 'this invitation was used, or is over');
      }
      this.#db.run('delete from invitations where id = ?', id);
      return { ...toInvitation(row), hash: String(row['hash']) };
    });
  }

  #giveBack(invitation: Invitation & { readonly hash: string }): void {
    const { id, hash, role, by, created, expires } = invitation;
    const sql = 'insert or ignore into invitations values (?, ?, ?, ?, ?, ?)';
    this.#db.run(sql, id, hash, role, by, created, expires);
  }
}

function toInvitation(row: Row): Invitation {
  return {
    id: String(row['id']),
    role: roles.find((each) => each === row['role']) ?? 'viewer',
    by: String(row['by']),
    created: Number(row['created']),
    expires: Number(row['expires']),
  };
}
