/** A forecast of a stack, and one of its stories, as a person reads them. */
import type { LogRecord } from '../model/record.ts';
import { recordText } from '../model/record-text.ts';
import type { FaultForecast, Forecast } from '../sim/forecast/forecast.ts';
import type { Hazard } from '../sim/forecast/hazards.ts';
import type { StoryOptions, StoryResult } from '../sim/forecast/story.ts';
import type { Session } from './session.ts';
import { cell, table } from './table.ts';
import { durationText } from './time-text.ts';

interface Told {
  readonly years: number;
  readonly session: Pick<Session, 'paint' | 'command'>;
  /** What they were taken from. */
  readonly rates: string;
  /** Options without which a seed tells another story; each with a space before it. */
  readonly again: string;
}

const faultsShown = 15;
const improvementsShown = 5;
/** Less is within the noise of the stories. */
const worthwhile = 0.01;

export function forecastText(found: Forecast, told: Told): string[] {
  const { years, session, rates } = told;
  const { paint } = session;
  const span = years === 1 ? 'a year' : `${years} years`;
  const total = (perYear: number) => amount(perYear * years);
  const down = durationText(found.downMsPerYear * years);
  return [
    `${paint('bold', found.stack)}: ${found.stories} simulated faults, rates by ${rates}`,
    ...(found.untold === 0
      ? []
      : [`${found.untold} of ${found.hazards} kinds of fault were left out: more --seeds`]),
    '',
    `${paint('bold', `${percent(found.availability)} availability`)} to expect for users of ` +
      `${found.users.join(', ')}: ${down} down in ${span}`,
    `${total(found.faultsPerYear)} faults in ${span}, ${total(found.personsPerYear)} of them ` +
      'need a person',
    '',
    ...serviceTable(found, session),
    '',
    ...faultTable(found, session),
    '',
    ...advice(found, told),
  ];
}

function serviceTable({ services }: Forecast, { paint }: Told['session']): string[] {
  const rows = services.map((one) => [
    cell(one.service),
    cell(percent(one.availability)),
    cell(amount(one.faultsPerYear)),
    cell(amount(one.personsPerYear)),
    cell(`${Math.round(100 * one.shareOfDowntime)} %`),
  ]);
  const head = ['SERVICE', 'AVAILABILITY', 'FAULTS/YEAR', 'A PERSON/YEAR', 'CAUSES OF DOWNTIME'];
  return table(head, rows, { paint });
}

function faultTable({ faults }: Forecast, { paint }: Told['session']): string[] {
  const rows = faults
    .slice(0, faultsShown)
    .map((one) => [
      cell(`${one.service}: ${one.fault}${one.lasting ? ', lasting' : ''}`),
      cell(amount(one.perYear)),
      cell(endings(one), one.survived === 1 ? 'green' : one.survived === 0 ? 'red' : 'yellow'),
      cell(durationText(one.meanDownMs)),
      cell(one.seed),
    ]);
  const left = faults.length - rows.length;
  const more = left > 0 ? [`and ${left} more that cost less: --json`] : [];
  return [...table(['FAULT', 'PER YEAR', 'ENDS', 'DOWN', 'SEED'], rows, { paint }), ...more];
}

function endings({ survived, needsPerson, unnoticed }: FaultForecast): string {
  const parts: readonly (readonly [number, string])[] = [
    [survived, 'survived'],
    [needsPerson, 'needs a person'],
    [unnoticed, 'nobody is told'],
  ];
  const there = parts.filter(([share]) => share > 0);
  if (there.length === 1) return there[0]?.[1] ?? '';
  return there.map(([share, text]) => `${Math.round(100 * share)} % ${text}`).join(', ');
}

function advice(found: Forecast, { session, years, again }: Told): string[] {
  const { command, paint } = session;
  if (found.weakest === null) return ['no fault takes it down'];
  const share = found.services.find(({ service }) => service === found.weakest);
  const least = worthwhile * found.downMsPerYear;
  const helps = found.improvements.filter(({ savedMsPerYear }) => savedMsPerYear >= least);
  const span = years === 1 ? 'a year' : `${years} years`;
  return [
    `${paint('bold', 'weakest')}: ${found.weakest}, ` +
      `${Math.round(100 * (share?.shareOfDowntime ?? 0))} % of the downtime`,
    `${paint('bold', 'would help most')}:${helps.length === 0 ? ' nothing that was tried' : ''}`,
    ...helps
      .slice(0, improvementsShown)
      .map(
        ({ text, savedMsPerYear, seed }) =>
          `  ${text}: ${durationText(savedMsPerYear * years)} less in ${span} (seed ${seed})`,
      ),
    `look at one: ${command} simulate --seed ${found.faults[0]?.seed ?? 1}${again}`,
  ];
}

/** `99.98 %`: as many nines as there are, and two digits. */
function percent(share: number): string {
  if (share >= 1) return '100 %';
  const digits = Math.min(6, Math.max(1, Math.ceil(-Math.log10(1 - share)) - 1));
  return `${(100 * share).toFixed(digits)} %`;
}

function amount(value: number): string {
  if (value === 0) return '0';
  if (value < 0.01) return '<0.01';
  return value >= 10 ? String(Math.round(value)) : value.toFixed(value >= 0.1 ? 1 : 2);
}

export function storyHead(hazard: Hazard, { breakages }: StoryOptions): string[] {
  const { service, kind, lasting } = hazard;
  const where = [...new Set(breakages.map(({ target }) => target))].join(', ');
  const how = lasting ? 'a restart does not mend it' : 'a restart mends it';
  return [`${service}: ${kind} at ${where}; ${how}`, ''];
}

/** From a moment before the break on; times from the break. */
export function storyLines(records: readonly LogRecord[], result: StoryResult): string[] {
  const lines = records.flatMap((record) => {
    const text = record.at < result.brokenAt ? null : recordText(record);
    const after = durationText(record.at - result.brokenAt);
    return text === null ? [] : [`${after.padStart(9)}  ${text}`];
  });
  return [...lines, '', ending(result)];
}

function ending({ ending: how, usersDownMs, stillDown }: StoryResult): string {
  const down = `${durationText(usersDownMs)} down for users`;
  if (how === 'recovered') return `all is well again; ${down}`;
  const left = stillDown.length === 0 ? 'all goes on working' : `down: ${stillDown.join(', ')}`;
  const asked = how === 'person' ? 'a person is needed' : 'nobody is told of it';
  return `${asked}; ${down} so far; ${left}`;
}
