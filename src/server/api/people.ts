/** The people who may come in, and what they are told to have done. */
import { DarumaError } from '../../model/errors.ts';
import type { AccountsDb, Row } from './accounts-db.ts';
import { hashPassword, isPassword } from './passwords.ts';
import { type RoleName, roles } from './roles.ts';

export interface Person {
  readonly id: number;
  readonly name: string;
  readonly role: RoleName;
  readonly disabled: boolean;
  /** Wall-clock milliseconds. */
  readonly created: number;
}

export class People {
  readonly #db: AccountsDb;

  constructor(db: AccountsDb) {
    this.#db = db;
  }

  list(): readonly Person[] {
    return this.#db.all('select * from users order by name').map(toPerson);
  }

  find(name: string): Person | null {
    const row = this.#db.get('select * from users where name = ?', name);
    return row === undefined ? null : toPerson(row);
  }

  byId(id: number): Person | null {
    const row = this.#db.get('select * from users where id = ?', id);
    return row === undefined ? null : toPerson(row);
  }

  hasAdmin(): boolean {
    return this.#adminsBesides(0) > 0;
  }

  /** `by`: who is told to have made the account. Throws REFUSED when the name is taken. */
  async add(name: string, role: RoleName, password: string, by: string): Promise<Person> {
    const hash = await hashPassword(password);
    return this.#db.transaction(() => {
      if (this.find(name) !== null) throw new DarumaError('REFUSED', `${name} is there already`);
      const sql = 'insert into users (name, role, password, created) values (?, ?, ?, ?)';
      this.#db.run(sql, name, role, hash, Date.now());
      this.note(by, `made the account ${name} (${role})`);
      return this.#named(name);
    });
  }

  /** Null: the name or the password is wrong, or the account is closed. */
  async check(name: string, password: string): Promise<Person | null> {
    const row = this.#db.get('select * from users where name = ?', name);
    const right = await isPassword(password, row === undefined ? null : String(row['password']));
    if (!right || row === undefined) return null;
    const person = toPerson(row);
    return person.disabled ? null : person;
  }

  async setPassword(person: Person, password: string, by: string): Promise<void> {
    const hash = await hashPassword(password);
    this.#db.transaction(() => {
      this.#db.run('update users set password = ? where id = ?', hash, person.id);
      this.note(by, `changed the password of ${person.name}`);
    });
  }

  /** Throws NOT_FOUND; REFUSED when no admin would be left. */
  change(
    name: string,
    change: { readonly role?: RoleName | undefined; readonly disabled?: boolean | undefined },
    by: string,
  ): Person {
    return this.#db.transaction(() => {
      const person = this.#named(name);
      const { role = person.role, disabled = person.disabled } = change;
      const next = { role, disabled };
      if (next.role !== 'admin' || next.disabled) this.#keepAnAdmin(person);
      const sql = 'update users set role = ?, disabled = ? where id = ?';
      this.#db.run(sql, next.role, next.disabled ? 1 : 0, person.id);
      if (next.disabled) this.#db.run('delete from sessions where user = ?', person.id);
      const state = next.disabled ? 'closed' : next.role;
      this.note(by, `changed the account ${person.name}: ${state}`);
      return this.#named(name);
    });
  }

  /** Throws NOT_FOUND; REFUSED when no admin would be left. */
  remove(name: string, by: string): void {
    this.#db.transaction(() => {
      const person = this.#named(name);
      this.#keepAnAdmin(person);
      this.#db.run('delete from users where id = ?', person.id);
      this.note(by, `removed the account ${person.name}`);
    });
  }

  /** For the event log of the stack: kept here until the controller has it. */
  note(by: string, text: string): void {
    this.#db.run('insert into outbox (by, text) values (?, ?)', by, text);
  }

  #named(name: string): Person {
    const person = this.find(name);
    if (person === null) throw new DarumaError('NOT_FOUND', `there is no account ${name}`);
    return person;
  }

  #keepAnAdmin(person: Person): void {
    if (person.role !== 'admin' || person.disabled) return;
    if (this.#adminsBesides(person.id) > 0) return;
    throw new DarumaError('REFUSED', `${person.name} is the only admin`);
  }

  #adminsBesides(id: number): number {
    const sql = "select count(*) as n from users where role = 'admin' and not disabled and id <> ?";
    return Number(this.#db.get(sql, id)?.['n'] ?? 0);
  }
}

function toPerson(row: Row): Person {
  return {
    id: Number(row['id']),
    name: String(row['name']),
    role: roles.find((each) => each === row['role']) ?? 'viewer',
    disabled: row['disabled'] === 1,
    created: Number(row['created']),
  };
}

/** What others are shown of somebody. */
export function personShown({ name, role, disabled, created }: Person): Omit<Person, 'id'> {
  return { name, role, disabled, created };
}
