/**
 * A mark in data that came out of a recovery point: the timeline that began there. What a standby
 * has of before is copied anew and neither followed nor rewound, since its pages may hold what the
 * restore was made to get rid of.
 */
import { join } from 'node:path';
import { replaceFile } from '../../durable-file.ts';
import type { Account } from '../../run-command.ts';
import { textOf } from '../cluster.ts';

const mark = 'daruma.restored';

export async function markRestored(
  data: string,
  timeline: number,
  account: Account | null,
): Promise<void> {
  await replaceFile(join(data, mark), `${timeline}\n`, account);
}

/** Null: it never was. */
export async function restoredTimeline(data: string): Promise<number | null> {
  const text = await textOf(join(data, mark));
  return text === null ? null : Number(text);
}
