/** What an action is worth: by the default table, and what was learned of it. */
import { chanceToMend, expectedMs, outcomesOf, typicalMs } from '../learn/estimates.ts';
import { remedyOf } from '../learn/lessons.ts';
import { type ComponentId, serviceOf } from '../model/ids.ts';
import type { Knowledge, Tally } from '../model/knowledge.ts';
import type { ActionKind } from '../model/record.ts';
import { type FaultKind, faultKinds } from '../model/symptom.ts';
import { duration } from './sentence.ts';
import {
  againFactor,
  failOverMends,
  restartMends,
  restoreMends,
  takeOutMends,
  userActionMends,
} from './tables.ts';

/** An action at a component. */
interface Remedy {
  readonly kind: ActionKind;
  readonly name: string | null;
  readonly target: ComponentId;
}

/** q(action, fault): P(the action mends the fault). */
export function mends(knowledge: Knowledge, remedy: Remedy, fault: FaultKind): number {
  const byTable = mendsByTable(remedy.kind, fault);
  return byTable === null ? 0 : chanceToMend(knowledge, { ...keyOf(remedy), fault }, byTable);
}

/** Null: it mends nothing. */
function mendsByTable(kind: ActionKind, fault: FaultKind): number | null {
  if (kind === 'restart' || kind === 'retry') return restartMends[fault];
  if (kind === 'take-out') return takeOutMends[fault];
  if (kind === 'fail-over') return failOverMends[fault];
  if (kind === 'restore') return restoreMends[fault];
  return kind === 'run' ? userActionMends : null;
}

function keyOf({ kind, name, target }: Remedy) {
  return { service: serviceOf(target) ?? '', remedy: remedyOf(kind, name) };
}

/** The same again, after it failed so often: a retry is a restart of what never ran. */
export function mendsAgain(failed: readonly Remedy[], remedy: Remedy): number {
  return againFactor ** failed.filter((one) => isSame(one, remedy)).length;
}

function isSame(a: Remedy, b: Remedy): boolean {
  const act = ({ kind }: Remedy) => (kind === 'retry' ? 'restart' : kind);
  return act(a) === act(b) && a.name === b.name && a.target === b.target;
}

/** What actions without success tell about causes. */
export function triedActions(knowledge: Knowledge, failed: readonly Remedy[]) {
  const alike = Map.groupBy(failed, ({ kind, name, target }) => `${target} ${kind} ${name ?? ''}`);
  return [...alike.values()].flatMap((same) =>
    same.slice(0, 1).map((remedy) => ({
      component: remedy.target,
      times: same.length,
      mends: Object.fromEntries(
        faultKinds.map((fault) => [fault, mends(knowledge, remedy, fault)]),
      ) as Record<FaultKind, number>,
    })),
  );
}

/** Expected downtime, `defaultMs` where nothing is known. */
export function costMs(knowledge: Knowledge, remedy: Remedy, defaultMs: number): number {
  return expectedMs(knowledge, keyOf(remedy), defaultMs);
}

/**
 * What the choice rests on: «restart mended 7 of 7 such faults, 2.1 s expected», or `otherwise`
 * where there are no cases.
 */
export function grounds(
  knowledge: Knowledge,
  remedy: Remedy,
  { fault, otherwise }: { readonly fault: FaultKind; readonly otherwise: string },
): string {
  const key = keyOf(remedy);
  const { own, elsewhere } = outcomesOf(knowledge, { ...key, fault });
  const where = casesIn(own) > 0 ? '' : ' elsewhere in the stack';
  const tally = casesIn(own) > 0 ? own : elsewhere;
  const cases = casesIn(tally);
  if (cases === 0) return otherwise;
  const ms = typicalMs(knowledge, key);
  const expected = ms === null ? '' : `, ${duration(twoDigits(ms))} expected`;
  const such = cases === 1 ? 'such fault' : 'such faults';
  return `${nounOf(remedy)} mended ${tally.yes} of ${cases} ${such}${where}${expected}`;
}

function casesIn({ yes, no }: Tally): number {
  return yes + no;
}

function nounOf({ kind, name }: Remedy): string {
  if (name !== null) return `«${name}»`;
  return kind === 'retry' ? 'another try' : kind.replace('-', ' ');
}

/** 2,134 ms is said as 2.1 s: more digits would say more than a few cases can tell. */
function twoDigits(ms: number): number {
  return Number(ms.toPrecision(2));
}
