/**
 * Named places at which a test may kill this process, as if by `kill -9`, to see that nothing
 * started twice and nothing was lost. Inert unless DARUMA_FAULT_POINT names one, as in
 * `launch.after-gate`, or `launch.after-gate:3` for the third time that it is reached. With
 * DARUMA_FAULT_ONCE, the path of a file, it strikes only the first process that comes by, which
 * leaves that file: while it is there nothing happens, and once it is removed, it strikes again.
 */
import { closeSync, openSync } from 'node:fs';

/** Passed by a change of primary only. */
export const failoverPoints = [
  'fence.begun',
  'fence.after-stop',
  'fence.after-mark',
  'survey.after',
  'promote.before',
  'promote.after',
  'promote.before-start',
  'promote.after-start',
  'follow.after',
  'set-eligible.after',
  'admit.after',
  'quiesce.after',
] as const;

/** Passed when recovery points are made, and restored. */
export const recoveryPoints = [
  'point.begun',
  'point.made',
  'restore.commanded',
  'restore.before-prepare',
  'restore.prepared',
  'restore.before-swap',
  'restore.between-renames',
  'restore.after-swap',
  'restore.before-undo',
  'restore.after-undo',
] as const;

export const faultPoints = [
  ...failoverPoints,
  ...recoveryPoints,
  'up.locked',
  'up.store-open',
  'up.recovered',
  'up.looked',
  'records.before-append',
  'records.after-append',
  'command.before',
  'start.prepared',
  'start.gone',
  'launch.before-run-file',
  'launch.after-run-file',
  'launch.after-gate',
  'order.recorded',
  'order.after-run-file',
  'order.given',
  'stop.drained',
  'stop.after-signal',
  'stop.before-kill',
  'stop.stopped',
  'down.replied',
  'down.endpoints-closed',
] as const;

export type FaultPoint = (typeof faultPoints)[number];

const [armed, times = '1'] = (process.env['DARUMA_FAULT_POINT'] ?? '').split(':');
const onceFile = process.env['DARUMA_FAULT_ONCE'];
let passesLeft = Number(times);

export function faultPoint(name: FaultPoint): void {
  if (name !== armed) return;
  passesLeft -= 1;
  if (passesLeft <= 0 && isFirst()) process.kill(process.pid, 'SIGKILL');
}

function isFirst(): boolean {
  if (onceFile === undefined) return true;
  try {
    closeSync(openSync(onceFile, 'wx'));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
