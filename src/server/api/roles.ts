/** Who may do what. */
import { z } from 'zod';

/** Each may do all that those before it may. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type RoleName = (typeof roles)[number];

/** What an API token is good for; never for more than its owner's role. */
export const scopes = ['metrics', 'read', 'operate', 'admin'] as const;
export type Scope = (typeof scopes)[number];

const roleOfScope: Readonly<Record<Scope, RoleName | null>> = {
  metrics: null,
  read: 'viewer',
  operate: 'operator',
  admin: 'admin',
};

export function isAtLeast(role: RoleName, least: RoleName): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}

/** Null: for nothing but metrics. */
export function roleOfToken(owner: RoleName, scope: Scope): RoleName | null {
  const most = roleOfScope[scope];
  if (most === null) return null;
  return isAtLeast(owner, most) ? most : owner;
}

/** Letters of any script, digits and a few marks: nothing that could be taken for markup, a line
 * end or another name. */
export const personName = z
  .string()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._@+-]{0,63}$/u,
    'expected 1 to 64 letters, digits or . _ @ + -',
  );

export const role = z.enum(roles);
export const scope = z.enum(scopes);
