import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type QuietHoursSpec, type Weekday, weekdays } from '../model/notify-spec.ts';
import { dayRanges, isQuiet, quietEnd, timeText } from './quiet-hours.ts';

function hours(from: string, to: string, timeZone = 'UTC'): QuietHoursSpec {
  const minute = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  return { fromMinute: minute(from), toMinute: minute(to), timeZone, holdCritical: false };
}

function on(days: readonly Weekday[], spec: QuietHoursSpec): QuietHoursSpec {
  return { ...spec, days };
}

const working = weekdays.slice(0, 5);
const weekend = on(['sat', 'sun'], hours('00:00', '24:00', 'Europe/Berlin'));

const night = ['22:00', '07:00'] as const;

describe('quiet', () => {
  const table: readonly (readonly [QuietHoursSpec, string, boolean])[] = [
    [hours(...night), '2026-01-10T21:59:59Z', false],
    [hours(...night), '2026-01-10T22:00:00Z', true],
    [hours(...night), '2026-01-11T00:00:00Z', true],
    [hours(...night), '2026-01-11T06:59:59Z', true],
    [hours(...night), '2026-01-11T07:00:00Z', false],
    [hours('12:00', '13:30'), '2026-01-10T12:00:00Z', true],
    [hours('12:00', '13:30'), '2026-01-10T13:30:00Z', false],
    [hours('12:00', '13:30'), '2026-01-10T11:59:00Z', false],
    // 22:00 in Shanghai is 14:00 in Greenwich, in Kolkata 16:30.
    [hours(...night, 'Asia/Shanghai'), '2026-01-10T13:59:00Z', false],
    [hours(...night, 'Asia/Shanghai'), '2026-01-10T14:00:00Z', true],
    [hours(...night, 'Asia/Kolkata'), '2026-01-10T16:29:00Z', false],
    [hours(...night, 'Asia/Kolkata'), '2026-01-10T16:30:00Z', true],
    // Berlin: UTC+1 in winter, UTC+2 in summer.
    [hours(...night, 'Europe/Berlin'), '2026-01-10T20:30:00Z', false],
    [hours(...night, 'Europe/Berlin'), '2026-07-10T20:30:00Z', true],
    // 9 January 2026 is a Friday: its night goes on until Saturday's morning.
    [on(working, hours(...night)), '2026-01-09T22:00:00Z', true],
    [on(working, hours(...night)), '2026-01-10T06:59:00Z', true],
    [on(working, hours(...night)), '2026-01-10T22:00:00Z', false],
    [on(working, hours(...night)), '2026-01-12T06:59:00Z', false],
    [on(working, hours(...night)), '2026-01-12T22:00:00Z', true],
    [on(['sun'], hours(...night)), '2026-01-12T06:59:00Z', true],
    [weekend, '2026-01-09T22:59:00Z', false],
    [weekend, '2026-01-09T23:00:00Z', true],
    [weekend, '2026-01-11T22:59:00Z', true],
    [weekend, '2026-01-11T23:00:00Z', false],
  ];
  for (const [spec, at, expected] of table) {
    test(`${at} in ${spec.timeZone}: ${expected}`, () => {
      assert.equal(isQuiet(spec, Date.parse(at)), expected);
    });
  }
});

describe('their end', () => {
  const table: readonly (readonly [QuietHoursSpec, string, string])[] = [
    [hours(...night), '2026-01-10T23:12:34Z', '2026-01-11T07:00:00Z'],
    [hours(...night), '2026-01-11T06:59:59Z', '2026-01-11T07:00:00Z'],
    [hours('12:00', '13:30'), '2026-01-10T12:00:00Z', '2026-01-10T13:30:00Z'],
    // The night in which the clock goes from 02:00 to 03:00 has nine hours less one.
    [hours(...night, 'Europe/Berlin'), '2026-03-28T21:00:00Z', '2026-03-29T05:00:00Z'],
    // And the one in which 02:00 to 03:00 comes twice has one more.
    [hours(...night, 'Europe/Berlin'), '2026-10-24T20:00:00Z', '2026-10-25T06:00:00Z'],
    // 02:30 is left out: they end when 03:00 is shown.
    [hours('22:00', '02:30', 'Europe/Berlin'), '2026-03-28T22:00:00Z', '2026-03-29T01:00:00Z'],
    // 02:30 comes twice: they end at the first, and begin again when 02:00 is shown again.
    [hours('22:00', '02:30', 'Europe/Berlin'), '2026-10-24T22:00:00Z', '2026-10-25T00:30:00Z'],
    [hours('22:00', '02:30', 'Europe/Berlin'), '2026-10-25T01:10:00Z', '2026-10-25T01:30:00Z'],
    // The whole of the hour that is left out.
    [hours('02:00', '03:00', 'America/New_York'), '2026-03-08T07:00:00Z', '2026-03-08T07:00:00Z'],
    // Two days that follow each other are one time.
    [weekend, '2026-01-09T23:30:00Z', '2026-01-11T23:00:00Z'],
    [on(working, hours(...night)), '2026-01-10T03:00:00Z', '2026-01-10T07:00:00Z'],
    [on(working, hours(...night)), '2026-01-10T23:00:00Z', '2026-01-10T23:00:00Z'],
    // Half an hour is what Lord Howe's clock changes by.
    [hours(...night, 'Australia/Lord_Howe'), '2026-04-04T12:00:00Z', '2026-04-04T20:30:00Z'],
  ];
  for (const [spec, at, end] of table) {
    test(`${at} in ${spec.timeZone}: ${end}`, () => {
      assert.equal(
        new Date(quietEnd([spec], Date.parse(at))).toISOString(),
        end.replace('Z', '.000Z'),
      );
    });
  }

  test('of several spans is where none is quiet', () => {
    const spans = [on(working, hours(...night)), on(['sat', 'sun'], hours('00:00', '24:00'))];
    const end = (at: string) => new Date(quietEnd(spans, Date.parse(at))).toISOString();
    // 9 January 2026 is a Friday.
    assert.equal(end('2026-01-08T23:00:00Z'), '2026-01-09T07:00:00.000Z');
    assert.equal(end('2026-01-09T23:00:00Z'), '2026-01-12T00:00:00.000Z');
    assert.equal(end('2026-01-09T12:00:00Z'), '2026-01-09T12:00:00.000Z');
    assert.equal(quietEnd([], 5), 5);
  });

  test('is not quiet, all before it is, and there is none earlier', () => {
    const minutes = fc.integer({ min: 0, max: 1439 });
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns', 'Antarctica/Troll');
    const moments = fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2028, 0) });
    const days = fc.subarray([...weekdays]);
    const given = fc
      .tuple(minutes, minutes, zones, moments, days)
      .filter(([from, to]) => from !== to);
    fc.assert(
      fc.property(given, ([fromMinute, toMinute, timeZone, at, on]) => {
        const spec = { days: on, fromMinute, toMinute, timeZone, holdCritical: false };
        const end = quietEnd([spec], at);
        assert.equal(isQuiet(spec, end), false);
        if (end === at) return;
        for (const part of [0, 0.3, 0.6, 0.9]) {
          assert.ok(isQuiet(spec, Math.floor(at + (end - 1 - at) * part)));
        }
        assert.ok(isQuiet(spec, end - 1));
      }),
      { numRuns: 300 },
    );
  });
});

test('days that follow each other', () => {
  assert.deepEqual(dayRanges([]), []);
  assert.deepEqual(dayRanges(weekdays), [['mon', 'sun']]);
  assert.deepEqual(dayRanges(['sun', 'mon', 'tue', 'thu']), [
    ['mon', 'tue'],
    ['thu', 'thu'],
    ['sun', 'sun'],
  ]);
});

test('a minute of the day as people write it', () => {
  assert.deepEqual([0, 65, 1439, 1440].map(timeText), ['00:00', '01:05', '23:59', '24:00']);
});
