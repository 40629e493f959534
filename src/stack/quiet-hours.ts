/** When people aren't told, as the rest of Daruma sees it: spans of one time zone. */
import { type QuietHoursSpec, type Weekday, weekdays } from '../model/notify-spec.ts';
import type { StackDocument } from './document.ts';
import type { Path } from './problem.ts';
import type { RawQuietHours } from './schema-notify.ts';

const dayMinutes = 1440;

/** `path`: where they stand. None: it was not said. */
export function toQuietHours(
  document: StackDocument,
  path: Path,
  raw: RawQuietHours | readonly RawQuietHours[] | undefined,
): readonly QuietHoursSpec[] {
  if (raw === undefined) return [];
  const spans: { readonly here: Path; readonly one: RawQuietHours }[] = isList(raw)
    ? raw.map((one, index) => ({ here: [...path, index], one }))
    : [{ here: path, one: raw }];
  const read = spans.map(({ here, one }) => toSpan(document, here, one));
  const zone = read[0]?.timeZone;
  const other = read.findIndex(({ timeZone }) => timeZone !== zone);
  if (other >= 0) {
    const message = `must be ${zone}, as that of the first`;
    document.complain([...path, other, 'time_zone'], { message });
  }
  if (isAlways(read)) {
    const message = 'it would always be quiet: nothing would ever be sent';
    document.complain([...(spans.at(-1)?.here ?? path), 'to'], { message });
  }
  return read;
}

function isList<T>(raw: T | readonly T[]): raw is readonly T[] {
  return Array.isArray(raw);
}

function toSpan(document: StackDocument, here: Path, raw: RawQuietHours): QuietHoursSpec {
  if (raw.from === raw.to) {
    document.complain([...here, 'to'], { message: 'must be another time than `from`' });
  }
  const timeZone = raw.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!isTimeZone(timeZone)) {
    const message = `there is no time zone ${JSON.stringify(timeZone)}`;
    document.complain([...here, 'time_zone'], { message, hint: 'such as Europe/Berlin or UTC' });
  }
  return {
    ...(raw.days === undefined ? {} : { days: daysOf(raw.days) }),
    fromMinute: minuteOf(raw.from),
    toMinute: minuteOf(raw.to),
    timeZone,
    holdCritical: raw.hold_critical,
  };
}

/** Every minute of the week is in one of them. */
function isAlways(spans: readonly QuietHoursSpec[]): boolean {
  const week = weekdays.length * dayMinutes;
  const quiet = new Set<number>();
  for (const { days = weekdays, fromMinute, toMinute } of spans) {
    const length = (toMinute - fromMinute + dayMinutes) % dayMinutes || toMinute - fromMinute;
    for (const day of days) {
      const begin = weekdays.indexOf(day) * dayMinutes + fromMinute;
      for (let minute = 0; minute < length; minute += 1) quiet.add((begin + minute) % week);
    }
  }
  return quiet.size === week;
}

/** `fri-mon` goes over the end of the week. */
function daysOf(texts: readonly string[]): readonly Weekday[] {
  const found = new Set<Weekday>();
  for (const text of texts) {
    const [first = '', last = first] = text.split('-');
    const [from, to] = [weekdayOf(first), weekdayOf(last)];
    const count = (to - from + weekdays.length) % weekdays.length;
    for (let day = from; day <= from + count; day += 1) {
      const name = weekdays[day % weekdays.length];
      if (name !== undefined) found.add(name);
    }
  }
  return weekdays.filter((day) => found.has(day));
}

function weekdayOf(name: string): number {
  return (weekdays as readonly string[]).indexOf(name);
}

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}

function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}
