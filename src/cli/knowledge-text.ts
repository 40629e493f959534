/** What was learned, for a person. No number says more than its cases can tell. */
import type { DetectorView, Estimate, KnowledgeView, ServiceLearned } from '../model/knowledge.ts';
import type { Paint } from './paint.ts';
import { cell, table } from './table.ts';
import { durationText } from './time-text.ts';

export function knowledgeText({ services }: KnowledgeView, paint: Paint): string[] {
  return services.flatMap((service, index) => [
    ...(index === 0 ? [] : ['']),
    paint('bold', service.service),
    ...serviceLines(service).map((line) => `  ${line}`),
  ]);
}

function serviceLines({ observedHours, faults, remedies, passedOn }: ServiceLearned): string[] {
  const lines = [
    ...faults.map(
      ({ fault, cases, perHour }) =>
        `${fault}: ${cases} seen; expected once in about ${hoursText(1 / perHour)} at each instance`,
    ),
    ...remedies.map(
      ({ remedy, fault, typicalMs, ...estimate }) =>
        `${remedy} mends ${fault}: ${estimateText(estimate)}` +
        (typicalMs === null ? '' : `; ${durationText(twoDigits(typicalMs))} to recovery`),
    ),
    ...passedOn.map(
      ({ dependency, ...estimate }) =>
        `shows symptoms when ${dependency} fails: ${estimateText(estimate)}`,
    ),
  ];
  const watched = `watched for ${hoursText(observedHours)}`;
  return [watched, ...(lines.length === 0 ? ['no cases yet: by default table'] : lines)];
}

export function detectorTable(detectors: readonly DetectorView[], paint: Paint): string[] {
  const rows = detectors.map(({ service, detector, hits, misses, falseAlarms, detects }) => [
    cell(service),
    cell(detector),
    cell(hits),
    cell(misses),
    cell(falseAlarms),
    cell(chancesText(detects)),
  ]);
  const head = ['SERVICE', 'DETECTOR', 'HITS', 'MISSES', 'FALSE ALARMS', 'P(DETECTED | FAULT)'];
  return table(head, rows, { paint });
}

/** What there are cases of comes first. */
function chancesText(detects: DetectorView['detects']): string {
  const known = detects.filter(({ cases }) => cases > 0);
  const byTable = detects.filter(({ cases }) => cases === 0);
  const parts = known.map(({ fault, ...estimate }) => `${fault} ${estimateText(estimate)}`);
  const table = byTable.map(({ fault, ...estimate }) => `${fault} ${chanceText(estimate)}`);
  if (table.length === 0) return parts.join(', ');
  return [...parts, `by default table: ${table.join(', ')}`].join('; ');
}

/** «0.93 (27 of 28)». */
function estimateText(estimate: Estimate): string {
  const { yes, cases } = estimate;
  return `${chanceText(estimate)} (${cases === 0 ? 'by default table' : `${yes} of ${cases}`})`;
}

/** One digit while there are few cases, and never 0 or 1. */
function chanceText({ chance, cases }: Estimate): string {
  const digits = cases < 10 ? 1 : 2;
  const step = 10 ** -digits;
  const shown = Number(chance.toFixed(digits));
  const least = shown < step ? `<${step}` : chance.toFixed(digits);
  return shown > 1 - step / 2 ? `>${(1 - step).toFixed(digits)}` : least;
}

function twoDigits(value: number): number {
  return Number(value.toPrecision(2));
}

function hoursText(hours: number): string {
  if (hours < 1 / 60) return `${Math.round(hours * 3_600)} s`;
  if (hours < 1) return `${twoDigits(hours * 60)} min`;
  if (hours < 48) return `${twoDigits(hours)} h`;
  return `${twoDigits(hours / 24)} days`;
}
