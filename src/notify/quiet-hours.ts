/**
 * Quiet hours by the clock on the wall of a time zone. Pure: the offsets come from `Intl`.
 *
 * 1. Quiet is what the clock shows: an hour that is shown twice in autumn counts twice, and one
 *    that is left out in spring not at all.
 * 2. What goes over midnight belongs to the day on which it begins.
 */
import { type QuietHoursSpec, type Weekday, weekdays } from '../model/notify-spec.ts';

const minuteMs = 60_000;
const dayMinutes = 1440;
/** No zone ever set its clock by more, but when it changed to the other side of the date line. */
const clockChangeMinutesMax = 180;

/** `at`: wall-clock milliseconds. */
export function isQuiet(spec: QuietHoursSpec, at: number): boolean {
  const { fromMinute, toMinute, days = weekdays } = spec;
  const { day, minute } = shownAt(spec.timeZone, at);
  const today = minute >= fromMinute && days.includes(day);
  if (fromMinute < toMinute) return today && minute < toMinute;
  return today || (minute < toMinute && days.includes(dayBefore(day)));
}

/** The first whole minute from `at` on in which no span is quiet; `at` itself if none is. */
export function quietEnd(spans: readonly QuietHoursSpec[], at: number): number {
  let moment = at;
  for (;;) {
    const span = spans.find((one) => isQuiet(one, moment));
    if (span === undefined) return moment;
    const { minute } = shownAt(span.timeZone, moment);
    const left = (span.toMinute - minute + dayMinutes) % dayMinutes;
    // What can't be leapt over safely is gone minute by minute.
    const leap = Math.max(1, left - clockChangeMinutesMax);
    moment = Math.floor(moment / minuteMs) * minuteMs + leap * minuteMs;
  }
}

/** `22:05`. */
export function timeText(minute: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function shownAt(timeZone: string, at: number): { readonly day: Weekday; readonly minute: number } {
  let clock = clocks.get(timeZone);
  if (clock === undefined) {
    const shown = {
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    } as const;
    clock = new Intl.DateTimeFormat('en-GB', { ...shown, timeZone });
    clocks.set(timeZone, clock);
  }
  const text = clock.format(at).toLowerCase();
  const [, hour = '', minute = ''] = /(\d+):(\d+)/.exec(text) ?? [];
  const day = weekdays.find((one) => text.startsWith(one)) ?? 'mon';
  return { day, minute: Number(hour) * 60 + Number(minute) };
}

function dayBefore(day: Weekday): Weekday {
  return weekdays.at(weekdays.indexOf(day) - 1) ?? day;
}

/** First and last of days that follow each other; the week begins on Monday. */
export function dayRanges(days: readonly Weekday[]): readonly (readonly [Weekday, Weekday])[] {
  const ranges: [Weekday, Weekday][] = [];
  for (const day of weekdays.filter((one) => days.includes(one))) {
    const last = ranges.at(-1);
    if (day !== 'mon' && last?.[1] === dayBefore(day)) last[1] = day;
    else ranges.push([day, day]);
  }
  return ranges;
}
