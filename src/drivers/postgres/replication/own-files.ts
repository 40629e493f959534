/** What PostgreSQL reads from the data directory and we depend on, put right before a start. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../durable-file.ts';
import { textOf } from '../cluster.ts';
import type { Place } from '../place.ts';
import { replicationUser } from './member.ts';
import { guarded } from './role-settings.ts';

/** Takes settings that are Daruma's out of what `ALTER SYSTEM` has written: it would win over them
 * in PostgreSQL's eyes. */
export async function clearSystemSettings(
  { data, account }: Place,
  progress: (text: string) => void,
): Promise<void> {
  const file = join(data, 'postgresql.auto.conf');
  const text = await textOf(file);
  if (text === null) return;
  const lines = text.split('\n');
  const kept = lines.filter((line) => !guarded.has(/^\s*([\w.]+)/.exec(line)?.[1] ?? ''));
  if (kept.length === lines.length) return;
  progress('takes settings that failover depends on out of postgresql.auto.conf');
  await replaceFile(file, kept.join('\n'), account);
}

/** Standbys on this machine may connect, whatever the user's own rules say. */
export async function letStandbysIn({ data, account }: Place): Promise<void> {
  const file = join(data, 'pg_hba.conf');
  const rule = `host replication ${replicationUser} 127.0.0.1/32 scram-sha-256`;
  const text = await textOf(file);
  // The user's own setting says where the rules are.
  if (text === null) return;
  if (text.split('\n').includes(rule)) return;
  const comment = '# Written by Daruma: the standbys of this server.';
  await replaceFile(file, `${comment}\n${rule}\n${text}`, account);
}

/** A standby that was primary holds slots, which nobody will ever read from again and which would
 * keep its log for ever. Its server must not be running. */
export async function removeSlots(data: string): Promise<void> {
  const directory = join(data, 'pg_replslot');
  for (const name of await readdir(directory)) {
    if (name.startsWith('daruma_')) await rm(join(directory, name), { recursive: true });
  }
}
