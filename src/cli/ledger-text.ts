/** What came of a ledger drill, for a person. */
import type { Judgement } from '../ledger/judge.ts';
import { noTimes } from './drill-times.ts';
import { isPassed, type LedgerReport } from './ledger-drill.ts';
import { type Paint, plain } from './paint.ts';
import { durationText } from './time-text.ts';

const shown = 5;

export function ledgerText(report: LedgerReport, paint: Paint): string[] {
  const { service, seed, judgement, whole, interrupted } = report;
  const { acknowledged, unknown, rows, longestPauseMs, servers } = judgement;
  const verdict = isPassed(report) ? paint('green', 'passed') : paint('red', 'not passed');
  return [
    `drill ledger ${service} --seed ${seed}: ${interrupted ? 'interrupted, ' : ''}${verdict}`,
    `  ${acknowledged} writes acknowledged, ${unknown} without an answer, ${rows} there`,
    ...problems(judgement).map((text) => `  ${paint('red', text)}`),
    `  longest time without an acknowledged write: ${durationText(longestPauseMs)}`,
    `  written to, in turn: ${servers.join(', ')}`,
    ...(whole ? [] : [`  ${paint('red', `${service} was not whole again in time`)}`]),
  ];
}

/** In the terms of other drills, for the record: `recoveredMs` is the longest time without an
 * acknowledged write. */
export function ledgerResult(report: LedgerReport): object {
  const { interrupted, judgement, service } = report;
  const passed = isPassed(report);
  return {
    ...noTimes,
    fault: 'ledger',
    target: service,
    end: interrupted ? 'interrupted' : passed ? 'recovered' : 'failed',
    recoveredMs: passed ? judgement.longestPauseMs : null,
    blamed: null,
    incident: null,
    summary: ledgerText(report, plain).slice(1).join('\n'),
    load: null,
  };
}

function problems({ lost, doubled, invented, overlaps }: Judgement): string[] {
  const list = (what: string, found: readonly string[]) => {
    if (found.length === 0) return [`0 ${what}`];
    const more = found.length > shown ? ', …' : '';
    return [`${found.length} ${what}: ${found.slice(0, shown).join(', ')}${more}`];
  };
  const all = [
    ...list('lost', lost),
    ...list('there twice', doubled),
    ...list('never sent', invented),
  ];
  return [...all.filter((text) => !text.startsWith('0 ')), ...overlaps];
}
