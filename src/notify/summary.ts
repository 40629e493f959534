/** What was held back in quiet hours, as one message. Pure. */
import type { Severity } from '../model/notify-spec.ts';
import { headline, type Letter, type Message, stateText } from './body.ts';
import { isWorse } from './routing.ts';

const linesMax = 50;

/** Of the latest letter of each incident. */
export function summaryOf(held: readonly Letter[]): Message {
  const count = held.length;
  const open = held.filter(({ notice }) => notice.state !== 'resolved').length;
  const lines = held.slice(0, linesMax).map(lineOf);
  const more = count > linesMax ? [`and ${count - linesMax} more`] : [];
  const incidents = count === 1 ? '1 incident' : `${count} incidents`;
  const how = open === 0 ? 'all resolved' : `${open} not resolved`;
  return {
    incident: 'summary',
    state: 'summary',
    severity: worst(held),
    title: `${incidents} in quiet hours, ${how}`,
    text: [...lines, ...more].join('\n'),
    services: [...new Set(held.flatMap(({ notice }) => notice.services ?? []))],
  };
}

function lineOf({ notice, update, at }: Letter): string {
  const when = new Date(at).toISOString();
  const what = `${headline(notice, update)}: ${stateText(notice.state)}`;
  return `${when} ${what}; ${notice.text.replaceAll(/\s+/g, ' ').trim()}`;
}

function worst(held: readonly Letter[]): Severity {
  return held.reduce<Severity>(
    (before, { notice }) => (isWorse(notice.severity, before) ? notice.severity : before),
    'info',
  );
}
