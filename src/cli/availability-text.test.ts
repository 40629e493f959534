import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AvailabilityFigures, ServiceAvailability } from '../model/availability.ts';
import { availabilityLines } from './availability-text.ts';
import { maintenanceNotes } from './maintenance-text.ts';
import { plain } from './paint.ts';
import { dateText } from './time-text.ts';

const at = Date.UTC(2026, 0, 31);

function figures(upMs: number, downMs: number): AvailabilityFigures {
  const availability = upMs + downMs === 0 ? null : upMs / (upMs + downMs);
  const mean = { mttdMs: 800, mttrMs: 12_000, mtbfMs: 3_600_000 };
  return { from: at, availability, upMs, downMs, outages: 1, ...mean };
}

function service(name: string, rest: Partial<ServiceAvailability> = {}): ServiceAvailability {
  const [day, week, month] = [figures(99_999_999, 1), figures(9, 1), figures(1, 0)];
  const windows = { day, week, month };
  return { service: name, state: 'up', since: at, windows, outages: [], uncounted: [], ...rest };
}

test('shares are never rounded up to all; outages are below, newest first', () => {
  const none = { ...figures(0, 0), mttdMs: null, mttrMs: null, mtbfMs: null };
  const outages = [
    { from: at - 5_000, until: null, cause: 'fault', incident: 'i2' },
    { from: at - 90_000, until: at - 60_000, cause: 'request', incident: null },
  ] as const;
  const services = [
    service('api', { state: 'down', outages }),
    service('job', { state: 'uncounted', windows: { day: none, week: none, month: none } }),
  ];
  assert.deepEqual(availabilityLines({ at, since: at - 100_000, services }, plain), [
    `The log reaches back to ${dateText(at - 100_000)}: what is older is not counted.`,
    '',
    'SERVICE  NOW     24 h      7 d       30 d   MTTD    MTTR    MTBF',
    'api      down    99.999 %  90.000 %  100 %  800 ms  12.0 s  1 h',
    'job      not up  –         –         –      –       –       –',
    '',
    'SERVICE  OUTAGE               LASTED   CAUSE    INCIDENT',
    `api      ${dateText(at - 5_000)}  goes on  fault    i2`,
    `api      ${dateText(at - 90_000)}  30.0 s   request  –`,
  ]);
});

test('maintenance is said with who began it and when it ends', () => {
  const under = { by: 'ann', since: at, until: at + 600_000 };
  const services = [
    { name: 'db', maintenance: { ...under, untilHealthy: false } },
    { name: 'api', maintenance: { ...under, untilHealthy: true } },
    { name: 'web' },
  ];
  const view = { at, services } as unknown as Parameters<typeof maintenanceNotes>[0];
  const end = dateText(at + 600_000);
  assert.deepEqual(maintenanceNotes(view), [
    `db: under maintenance for 10 min more, until ${end} (ann)`,
    `api: under maintenance until it is healthy, for 10 min more, until ${end} (ann)`,
  ]);
});
