/** Users of this machine, through `id`, which also knows those of LDAP and the like. */
import { type Account, runCommand } from './run-command.ts';

/** By name or numeric id; null when there is no such user. A numeric id needs no entry; its group
 * is then the same. */
export async function findAccount(user: string): Promise<Account | null> {
  const asked = [ask('-un', user), ask('-u', user), ask('-g', user)] as const;
  const [name, uid, gid] = await Promise.all(asked);
  if (name !== null && uid !== null && gid !== null) {
    return { name, uid: Number(uid), gid: Number(gid) };
  }
  return /^\d+$/.test(user) ? { name: user, uid: Number(user), gid: Number(user) } : null;
}

async function ask(what: '-un' | '-u' | '-g', user: string): Promise<string | null> {
  const { code, stdout } = await runCommand(['id', what, '--', user], { timeoutMs: 10_000 });
  return code === 0 ? stdout.trim() : null;
}
