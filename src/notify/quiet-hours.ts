/**
 * Quiet hours by the clock on the wall of a time zone. Pure: the offsets come from `Intl`.
 *
 * 1. Quiet is what the clock shows: an hour that is shown twice in autumn counts twice, and one
 *    that is left out in spring not at all.
 */
import type { QuietHoursSpec } from '../model/notify-spec.ts';

const minuteMs = 60_000;
const dayMinutes = 1440;
/** No zone ever set its clock by more, but when it changed to the other side of the date line. */
const clockChangeMinutesMax = 180;

/** `at`: wall-clock milliseconds. */
export function isQuiet(spec: QuietHoursSpec, at: number): boolean {
  const { fromMinute, toMinute } = spec;
  const minute = minuteOfDay(spec.timeZone, at);
  const after = minute >= fromMinute;
  const before = minute < toMinute;
  return fromMinute < toMinute ? after && before : after || before;
}

/** The first whole minute from `at` on that isn't quiet; `at` itself if it isn't. */
export function quietEnd(spec: QuietHoursSpec, at: number): number {
  let moment = at;
  while (isQuiet(spec, moment)) {
    const minute = minuteOfDay(spec.timeZone, moment);
    const left = (spec.toMinute - minute + dayMinutes) % dayMinutes;
    // What can't be leapt over safely is gone minute by minute.
    const leap = Math.max(1, left - clockChangeMinutesMax);
    moment = Math.floor(moment / minuteMs) * minuteMs + leap * minuteMs;
  }
  return moment;
}

/** `22:05`. */
export function timeText(minute: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function minuteOfDay(timeZone: string, at: number): number {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    const shown = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    clock = new Intl.DateTimeFormat('en-GB', { ...shown, timeZone });
    clocks.set(timeZone, clock);
  }
  const [hour = 0, minute = 0] = clock.format(at).split(':').map(Number);
  return hour * 60 + minute;
}
