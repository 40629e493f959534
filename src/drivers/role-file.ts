/**
 * What an instance without data of ours was told last. It is durable before anything is done by
 * the order, so that an older one is refused for ever (F6), and so is a fence (F2).
 */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DarumaError } from '../model/errors.ts';
import type { Role, RoleOrder } from '../model/group.ts';
import type { InstanceId } from '../model/ids.ts';
import { instanceFileName, layout } from '../model/layout.ts';
import type { DriverContext } from '../ports/driver.ts';
import { replaceFile } from './durable-file.ts';

export interface ToldRole {
  readonly role: Role;
  readonly epoch: number;
  readonly primary: InstanceId;
}

type Where = Pick<DriverContext, 'stateDir' | 'instance'>;

/** Null: nothing yet. */
export async function toldRole(where: Where): Promise<ToldRole | null> {
  const file = roleFile(where);
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new Error(`${file} can't be read`, { cause: error });
  }
}

/** Keeps that the instance is to be this; rejects with REFUSED when it has seen a later epoch. */
export async function keepRole(where: Where, order: RoleOrder, role: Role): Promise<void> {
  const told = await toldRole(where);
  const { epoch, primary } = order;
  const later = told !== null && told.epoch > epoch;
  const other = told?.epoch === epoch && told.primary !== primary;
  if (told !== null && (later || other)) {
    const text =
      `F6: ${where.instance} has seen epoch ${told.epoch} of ${told.primary}; ` +
      `an order of epoch ${epoch} of ${primary} comes too late`;
    throw new DarumaError('REFUSED', text);
  }
  if (told?.epoch === epoch && told.role === role) return;
  const file = roleFile(where);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await replaceFile(file, JSON.stringify({ role, epoch, primary }));
}

export function orderOf({ role, instance }: DriverContext): RoleOrder {
  if (role !== undefined) return role.order;
  throw new DarumaError('INTERNAL', `${instance} was given no role`);
}

/** What programs and commands are told of it. */
export function roleEnvironment({ role, epoch }: RoleOrder): Readonly<Record<string, string>> {
  return { ROLE: role, EPOCH: String(epoch) };
}

function roleFile({ stateDir, instance }: Where): string {
  return join(layout(stateDir).dataDir, `${instanceFileName(instance)}.role.json`);
}
