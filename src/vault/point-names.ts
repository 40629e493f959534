/** What things are called in a place. */
import type { ServiceName } from '../model/ids.ts';
import type { PointId } from '../model/recovery-point.ts';

const idPattern = /^\d{8}T\d{6}\.\d{3}Z-[0-9a-z]{4}$/;
const dayMs = 24 * 60 * 60 * 1000;

/** `chance` is in [0, 1). */
export function newPointId(nowMs: number, chance: number): PointId {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]/g, '');
  const mark = Math.floor(chance * 36 ** 4)
    .toString(36)
    .padStart(4, '0');
  return `${time}-${mark}`;
}

function isPointId(text: string): boolean {
  return idPattern.test(text);
}

/** Whether it was begun more than a day before. */
export function isOlderThanADay(id: PointId, nowMs: number): boolean {
  return id < newPointId(nowMs - dayMs, 0);
}

export function summaryKey(service: ServiceName, id: PointId): string {
  return `${service}/${id}.json`;
}

/** `turn` counts how often its keys were changed, from 0. */
export function archiveName(id: PointId, encrypted: boolean, turn = 0): string {
  return `${id}${turn === 0 ? '' : `.${turn}`}.tar.zst${encrypted ? '.age' : ''}`;
}

/** The point that a file of a service belongs to, and what it is of it; null: none. */
export function pointFile(
  service: ServiceName,
  key: string,
): { readonly id: PointId; readonly part: 'summary' | 'archive' } | null {
  const name = key.startsWith(`${service}/`) ? key.slice(service.length + 1) : '';
  const id = name.slice(0, 'YYYYMMDDTHHMMSS.mmmZ-xxxx'.length);
  if (!isPointId(id)) return null;
  const rest = name.slice(id.length);
  if (rest === '.json') return { id, part: 'summary' };
  return /^(\.\d+)?\.tar\.zst(\.age)?$/.test(rest) ? { id, part: 'archive' } : null;
}
