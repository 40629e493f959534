/** The scorecard of all drills, for a person, beside the one before. */
import type { DrillResult } from './drill-run.ts';
import type { Paint } from './paint.ts';
import { endedWell, type Scorecard, type ScoredDrill } from './scorecard.ts';
import { type Cell, cell, table } from './table.ts';
import { dateText, durationText } from './time-text.ts';

const head = ['FAULT', 'TARGET', 'DETECTED', 'LOCATED', 'RECOVERED', 'REQUESTS', 'BEFORE'];

const ends: Readonly<Record<DrillResult['end'], string>> = {
  recovered: 'recovered',
  observed: 'observed, nothing was touched',
  'needs-person': 'needs a person',
  'timed-out': 'not in time',
  interrupted: 'interrupted',
};

export function scorecardText(
  scorecard: Scorecard,
  before: Scorecard | null,
  paint: Paint,
): string[] {
  const { drills, seed } = scorecard;
  const done = drills.flatMap(({ result }) => (result === null ? [] : [result]));
  const well = done.filter(endedWell).length;
  const blamed = done.flatMap((result) => result.blamed ?? []);
  const right = blamed.filter(({ right }) => right).length;
  return [
    ...table(
      head,
      drills.map((drill) => row(drill, before)),
      { paint },
    ),
    '',
    `${well} of ${done.length} ended well, the right one was blamed in ${right} of ` +
      `${blamed.length}, ${drills.length - done.length} skipped (--seed ${seed})`,
    ...(before === null ? [] : [`before: ${dateText(before.at)}, --seed ${before.seed}`]),
  ];
}

/** «kill api/1: recovered in 0.4 s», «leak web: skipped: …». */
export function drillLine({ fault, service, skipped, result }: ScoredDrill): string {
  if (result === null) return `${fault} ${service ?? 'controller'}: skipped: ${skipped}`;
  const { end, recoveredMs, target } = result;
  const took = recoveredMs === null ? '' : ` in ${durationText(recoveredMs)}`;
  return `${fault} ${target}: ${ends[end]}${end === 'recovered' ? took : ''}`;
}

function row(drill: ScoredDrill, before: Scorecard | null): Cell[] {
  const { fault, service, skipped, result } = drill;
  const last = (before?.drills ?? []).find(
    (one) => one.fault === fault && one.service === service && one.result !== null,
  );
  if (result === null) {
    const none = Array.from({ length: 4 }, () => cell(null, 'dim'));
    return [cell(fault), cell(service), ...none, cell(`skipped: ${skipped}`, 'dim')];
  }
  return [
    cell(fault),
    cell(result.target),
    cell(time(result.detectedMs)),
    located(result),
    ended(result),
    requests(result),
    cell(last?.result == null ? null : `was ${ended(last.result).text}`),
  ];
}

function time(ms: number | null): string | null {
  return ms === null ? null : durationText(ms);
}

function located({ blamed, locatedMs }: DrillResult): Cell {
  if (blamed === null) return cell(null, 'dim');
  if (!blamed.right) return cell(`no: ${blamed.component}`, 'red');
  return cell(time(locatedMs) ?? 'yes', 'green');
}

function ended(result: DrillResult): Cell {
  const { end, recoveredMs } = result;
  const text = end === 'recovered' ? (time(recoveredMs) ?? ends.recovered) : ends[end];
  return cell(text, endedWell(result) ? 'green' : 'red');
}

function requests({ load }: DrillResult): Cell {
  if (load === null) return cell(null, 'dim');
  const { sent, failed } = load;
  return cell(`${failed} of ${sent} failed`, failed === 0 ? 'green' : 'yellow');
}
