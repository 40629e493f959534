/** Who may use the database, and where it is reached. */
import { DarumaError } from '../../model/errors.ts';
import type { PostgresSpec, ServiceSpec } from '../../model/stack-spec.ts';
import { templateNames } from '../../model/template.ts';
import type { Secrets } from './secrets.ts';

export interface Role {
  readonly name: string;
  readonly password: string;
  readonly owner: boolean;
}

type User = PostgresSpec['users'][number];

export function postgresSpec(service: ServiceSpec): PostgresSpec {
  if (service.postgres !== null) return service.postgres;
  throw new DarumaError('INTERNAL', `${service.name} is not a PostgreSQL service`);
}

/** Without any user given, the database gets an owner of its own name: nobody's application is to
 * work as superuser by default. */
function usersOf(spec: PostgresSpec): readonly User[] {
  if (spec.users.length > 0 || spec.database === spec.superuser) return spec.users;
  return [{ name: spec.database, password: null, owner: true }];
}

/** Those that need a generated password. */
export function generatedUsers(spec: PostgresSpec): string[] {
  return usersOf(spec)
    .filter(({ password }) => password === null)
    .map(({ name }) => name);
}

export function rolesOf(spec: PostgresSpec, secrets: Secrets): readonly Role[] {
  return usersOf(spec).map(({ name, password, owner }) => {
    if (password !== null && templateNames(password).length > 0) {
      throw new DarumaError('STACK_INVALID', `the password of ${name} holds a \${…} unknown here`);
    }
    return { name, password: password ?? secrets.users[name] ?? '', owner };
  });
}

/** As whom applications connect: the owner, else the first user, else the superuser. */
export function applicationRole(spec: PostgresSpec, secrets: Secrets): Role {
  const roles = rolesOf(spec, secrets);
  const superuser = { name: spec.superuser, password: secrets.superuser, owner: true };
  return roles.find(({ owner }) => owner) ?? roles[0] ?? superuser;
}
