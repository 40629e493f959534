/** A Compose service's health check, in Compose's own form. */
import type { ComposeService } from './compose-file.ts';
import {
  type Converted,
  duration,
  type Fields,
  type Lost,
  numeric,
  present,
} from './import-parts.ts';

type Healthcheck = NonNullable<ComposeService['healthcheck']>;
type Test = NonNullable<Healthcheck['test']>;

const times = ['interval', 'timeout', 'start_period', 'start_interval'] as const;
const known: readonly string[] = ['test', 'disable', 'retries', ...times];

/** How the test is put here; or why it can't be. */
export type Put = { readonly test: Test; readonly lost?: never } | { readonly lost: Lost };

export function toHealthcheck(
  { healthcheck: given }: ComposeService,
  put: (test: Test) => Put,
  defaults: Fields = {},
): Converted {
  if (given === undefined) return { fields: {}, lost: [] };
  if (given.disable === true || given.test?.[0] === 'NONE') {
    return { fields: { healthcheck: { disable: true } }, lost: [] };
  }
  const converted = given.test === undefined ? { lost: unknownTest } : put(given.test);
  // Without its test the rest says nothing.
  if (converted.lost !== undefined) return { fields: {}, lost: [converted.lost] };
  const said = present({
    ...Object.fromEntries(times.map((name) => [name, duration(given[name])])),
    retries: given.retries === undefined ? undefined : numeric(given.retries),
  });
  const healthcheck = { test: converted.test, ...defaults, ...said };
  return { fields: { healthcheck }, lost: unread(given) };
}

const unknownTest: Lost = {
  field: 'healthcheck',
  value: '',
  reason: 'what it asks is said in the image only',
};

function unread(given: Healthcheck): Lost[] {
  const odd = times.filter((name) => given[name] !== undefined && !duration(given[name]));
  const others = Object.keys(given).filter((name) => !known.includes(name));
  return [...odd, ...others].map((name) => {
    return { field: `healthcheck.${name}`, value: String(given[name]), reason: null };
  });
}
