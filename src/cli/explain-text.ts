/** One incident, told from what was seen to whether it helped. */
import type { ActionKind, Cause } from '../model/record.ts';
import type { IncidentView } from '../model/view.ts';
import type { Colour, Paint } from './paint.ts';
import { cell, table } from './table.ts';
import { clockText, dateText, durationText } from './time-text.ts';

const barWidth = 20;
const causesShown = 4;
/** Less would show as 0.00. */
const causesShownFrom = 0.005;

/** What is done to whom; `_` stands for them. */
const phrases: Readonly<Record<ActionKind, string>> = {
  start: 'start _',
  stop: 'stop _',
  restart: 'restart _',
  retry: 'start _ again',
  'take-out': 'take _ out',
  'put-back': 'put _ back',
  restore: 'restore the data of _',
  run: 'run a command for _',
  wait: 'leave _',
  'ask-person': 'ask a person about _',
  'fail-over': 'fail _ over',
  'switch-over': 'switch _ over',
  rejoin: 'let _ follow again',
};

function phrase(kind: ActionKind, target: string, name: string | null = null): string {
  const words = name === null ? phrases[kind] : `run «${name}» for _`;
  return words.replace('_', target);
}

const stateColours: Readonly<Record<IncidentView['state'], Colour>> = {
  open: 'red',
  acting: 'yellow',
  verifying: 'cyan',
  'needs-person': 'red',
  resolved: 'green',
};

export function explainText(incident: IncidentView, paint: Paint): string[] {
  const { id, state, onset, summary } = incident;
  return [
    `${paint('bold', `Incident ${id}`)}, ${paint(stateColours[state], stateText(state))}, ` +
      `since ${dateText(onset)}`,
    ...(summary === '' ? [] : [summary]),
    ...section('Seen', seen(incident), paint),
    ...section(incident.unsure ? 'Causes (not sure)' : 'Causes', causes(incident, paint), paint),
    ...section('Done', done(incident, paint), paint),
    ...section('Time', steps(incident), paint),
  ];
}

export function incidentTable(incidents: readonly IncidentView[], paint: Paint): string[] {
  const rows = incidents.map((incident) => {
    const { id, state, onset, returned, component, recovered, summary } = incident;
    return [
      cell(id),
      cell(stateText(state), stateColours[state]),
      cell(dateText(onset)),
      cell(component),
      cell(recovered === null ? null : durationText(recovered - (returned ?? onset))),
      cell(summary),
    ];
  });
  return table(['INCIDENT', 'STATE', 'SINCE', 'BLAMED', 'RECOVERED IN', 'SUMMARY'], rows, {
    paint,
  });
}

function stateText(state: IncidentView['state']): string {
  return state === 'needs-person' ? 'needs a person' : state;
}

function section(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : ['', paint('bold', title), ...lines.map((line) => `  ${line}`)];
}

function seen({ symptoms }: IncidentView): string[] {
  return [...symptoms]
    .sort((a, b) => a.began - b.began)
    .map(({ began, component, evidence, ended }) => {
      const until = ended === null ? '' : `, until ${clockText(ended)}`;
      return `${clockText(began)}  ${component}: ${evidence}${until}`;
    });
}

function causes(incident: IncidentView, paint: Paint): string[] {
  return incident.causes
    .filter(({ probability }) => probability >= causesShownFrom)
    .slice(0, causesShown)
    .flatMap((cause) => [
      `${bar(cause.probability)} ${cause.probability.toFixed(2)}  ` +
        `${cause.component}: ${cause.fault} (${casesText(cause)})`,
      ...evidence(cause, paint),
    ]);
}

function casesText({ cases }: Cause): string {
  if (cases === undefined) return 'by default table';
  return `${cases} ${cases === 1 ? 'case' : 'cases'} before`;
}

function bar(share: number): string {
  const filled = Math.round(share * barWidth);
  return '█'.repeat(filled) + '░'.repeat(barWidth - filled);
}

function evidence({ evidence }: Cause, paint: Paint): string[] {
  return evidence.map(({ supports, text }) =>
    supports ? `  ${paint('green', '+')} ${text}` : `  ${paint('red', '−')} ${text}`,
  );
}

function done({ actions }: IncidentView, paint: Paint): string[] {
  return actions.flatMap((action) => {
    const { kind, target, name, reason, wouldOnly, considered, begun, done, error } = action;
    const time = begun === null ? '' : `${clockText(begun)}  `;
    const took = begun === null || done === null ? '' : ` (took ${durationText(done - begun)})`;
    const what = `${wouldOnly ? 'would ' : ''}${phrase(kind, target, name)}`;
    const outcome = action.outcome === null ? '' : `: ${outcomeText(action.outcome, paint)}`;
    return [
      `${time}${what}${took}${outcome}`,
      `  because: ${reason}`,
      ...(error === null ? [] : [`  ${paint('red', error)}`]),
      ...considered.map((other) => `  did not ${phrase(other.kind, 'it')}: ${other.why}`),
    ];
  });
}

function outcomeText(outcome: string, paint: Paint): string {
  return paint(outcome === 'verified' ? 'green' : 'yellow', outcome);
}

/** How long each step took, from the one before; of one that came back, the last time, apart. */
function steps(incident: IncidentView): string[] {
  const { onset, returned, detected, located, acted, recovered, resolved } = incident;
  const first = [
    ['noticed', detected],
    ['located', located],
    ['acted', acted],
  ] as const;
  const last = [
    ['recovered', recovered],
    ['verified', resolved],
  ] as const;
  if (returned === undefined) return stepLines([...first, ...last], onset, 'since onset');
  return [
    ...stepLines([...first, ['came back', returned]], onset, 'since onset'),
    ...stepLines(last, returned, 'since it came back'),
  ];
}

function stepLines(
  rows: readonly (readonly [string, number | null])[],
  since: number,
  sinceText: string,
): string[] {
  let before = since;
  const lines: string[] = [];
  for (const [title, at] of rows) {
    if (at === null) continue;
    const after = durationText(Math.max(0, at - before));
    lines.push(`${title.padEnd(10)} +${after.padEnd(10)} ${durationText(at - since)} ${sinceText}`);
    before = at;
  }
  return lines;
}
