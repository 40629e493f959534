/**
 * Causes to the next action: decision-theoretic troubleshooting (Heckerman, Breese, Rommelse,
 * «Decision-theoretic troubleshooting», CACM 38(3), 1995). Among what may be done, the action with
 * the best P(recovers) per cost is taken, unless a guard holds it back; then the next.
 *
 * 1. A failing dependency is mended before its dependants are touched.
 * 2. What still serves is not interrupted by choice when nothing else would serve instead.
 * 3. No action beyond its budget; what is destructive needs consent.
 * 4. Log lines alone never cause an action.
 * 5. A primary that has only too much work is not failed over.
 * 6. One that is gone or hangs is failed over as long as a standby may take over.
 */
import type { ActionKind, PlannedAction } from '../model/record.ts';
import type { UserActionSpec } from '../model/stack-spec.ts';
import type { FaultKind } from '../model/symptom.ts';
import { blockedBy, type Guard } from './guards.ts';
import type { Candidate, PlanInput } from './input.ts';
import { costMs, grounds, mends, mendsAgain } from './remedies.ts';
import { blame, faultPhrase } from './sentence.ts';
import {
  aloneFactor,
  drainMs,
  failOverMsDefault,
  personMs,
  recoveryMsMin,
  restoreMsDefault,
  startMsDefault,
  worthFrom,
} from './tables.ts';

/**
 * - `act`: begin now, or after `delayMs`. `wait`: nothing, a dependency is mended first.
 * - `would`: observe mode. `tell`: people are told, nothing is done.
 * - `later`: a guard holds it back for now. `person`: nothing is left to do without one.
 */
export type Verdict = 'act' | 'wait' | 'would' | 'tell' | 'later' | 'person';

export interface Decision {
  readonly verdict: Verdict;
  readonly kind: ActionKind;
  readonly userAction: UserActionSpec | null;
  readonly reason: string;
  readonly considered: PlannedAction['considered'];
  /** No draining and no grace: it can't answer. */
  readonly hurry: boolean;
  /** Costs no budget. */
  readonly spared: boolean;
  readonly delayMs: number;
}

type Considered = { kind: ActionKind; target: string; why: string };

export function plan(input: PlanInput): Decision {
  const special = specialCase(input);
  if (special !== null) return withMode(input, special);
  const ranked = inOrder(input, candidates(input));
  const considered: Considered[] = [];
  let chosen: Candidate | null = null;
  let strongest: Guard | null = null;
  for (const candidate of ranked) {
    const guard = chosen === null ? blockedBy(input, candidate) : null;
    if (chosen === null && guard === null) {
      chosen = candidate;
      continue;
    }
    // What will pass by itself is waited for before a person is asked.
    if (strongest?.passing !== true && candidate.kind !== 'fail-over')
      strongest = guard?.passing === true ? guard : (strongest ?? guard);
    const why = guard?.why ?? 'what was chosen is expected to help sooner';
    considered.push({ kind: candidate.kind, target: input.target.id, why });
  }
  considered.push(...notAvailable(input, ranked));
  if (chosen === null || chosen.kind === 'ask-person')
    return withMode(input, giveUp(input, strongest, considered));
  return withMode(input, take(input, chosen, considered));
}

/**
 * By P(recovers) per cost, which gives the shortest time to recover as long as all may be tried.
 * When the budget ends before, what matters more is that any of them helps before a person has to:
 * so many with the best chance come first. A person comes last, however long the last start took.
 */
function inOrder(input: PlanInput, list: readonly Candidate[]): Candidate[] {
  const acts = list.filter((one) => !isAsking(one)).sort((a, b) => b.mends - a.mends);
  const left = Math.min(input.serviceBudget.left, input.stackBudget.left);
  const perCost = (a: Candidate, b: Candidate) => b.mends / b.costMs - a.mends / a.costMs;
  const within = acts.slice(0, left).sort(perCost);
  const ordered = [...within, ...acts.slice(left).sort(perCost), ...list.filter(isAsking)];
  if (isRestoreAgreed(input)) ordered.sort((a, b) => byKind(a, b, 'restore'));
  return isAgreed(input) || passesOn(input) ? ordered.sort(overFirst) : ordered;
}

/** What happens to one instance, and not to another with the same work. */
const ofOneInstance: ReadonlySet<FaultKind> = new Set(['crash', 'hang', 'disk', 'unreachable']);

/** How long a crash takes to recover from is known only afterwards: what restarts took so far says
 * little. A standby is ready. */
function passesOn({ target, cause, failed }: PlanInput): boolean {
  const { isPrimary, may } = target.failover ?? {};
  if (isPrimary !== true || may == null || target.condition === 'serving') return false;
  const tried = failed.some((one) => one.kind === 'fail-over' && one.target === target.id);
  // Nobody listens any more: it is as good as gone, whoever is blamed.
  const isGone = target.kinds.includes('health-refused');
  return !tried && (isGone || ofOneInstance.has(cause.fault));
}

/** A person who consented to the loss wants it done. */
function isAgreed({ consent, target }: PlanInput): boolean {
  return consent === true && target.failover?.mayNot != null && target.failover.loss !== null;
}

function isRestoreAgreed({ consent, target }: PlanInput): boolean {
  return consent === true && target.restores !== null && target.failover?.may == null;
}

function overFirst(a: Candidate, b: Candidate): number {
  return byKind(a, b, 'fail-over');
}

function byKind(a: Candidate, b: Candidate, first: ActionKind): number {
  return Number(b.kind === first) - Number(a.kind === first);
}

function isAsking({ kind }: Candidate): boolean {
  return kind === 'ask-person';
}

const quiet = { userAction: null, considered: [], hurry: false, spared: true, delayMs: 0 };

/** What is settled by rule, before anything is weighed. */
function specialCase(input: PlanInput): Decision | null {
  const { target, cause } = input;
  const why = blame(cause, input.causes, input.unsure);
  if (target.kinds.every((kind) => kind === 'log' || kind === 'error')) {
    const reason = `look at ${target.id}: ${why}; a log line or an error alone restarts nothing`;
    return { ...quiet, verdict: 'tell', kind: 'ask-person', reason };
  }
  if (target.pointTrouble !== null && target.kinds.every((kind) => kind === 'recovery-point')) {
    const reason = `look at the recovery points of ${target.id}: ${target.pointTrouble}`;
    return { ...quiet, verdict: 'tell', kind: 'ask-person', reason };
  }
  if (!target.isInstance || target.kinds.some((k) => k === 'io-error' || k === 'read-only')) {
    const reason = `${target.id} needs a person: ${why}; no action known mends this`;
    return { ...quiet, verdict: 'person', kind: 'ask-person', reason };
  }
  if (target.failover?.rogue != null) return rogueCase(input, target.failover.rogue);
  if (isDamaged(input) && target.failover?.isPrimary === false) return freshCase(input);
  if (target.waitsFor !== null) {
    const held = target.condition === 'gone' ? 'hold' : 'leave';
    const reason = `${held} ${target.id}: it ${target.waitsFor}`;
    return { ...quiet, verdict: 'wait', kind: 'wait', reason };
  }
  const [blamed] = input.causes;
  const elsewhere = blamed !== undefined && blamed.component !== target.id;
  if (target.condition === 'serving' && elsewhere && cause.probability === 0) {
    const reason = `leave ${target.id}: ${faultPhrase(blamed.fault, blamed.component)}`;
    return { ...quiet, verdict: 'wait', kind: 'wait', reason };
  }
  if (target.condition === 'gone' && target.policy === 'no') {
    const reason = `${target.id} needs a person: ${why}; its restart policy is «no»`;
    return { ...quiet, verdict: 'person', kind: 'ask-person', reason };
  }
  return null;
}

/** F1: whoever is primary beside the recorded one is fenced, whatever made it so. */
function rogueCase({ target, serviceBudget }: PlanInput, rogue: string): Decision {
  const fenceable = target.failover?.fenceable === true;
  if (serviceBudget.left <= 0 || !fenceable) {
    const why = fenceable ? 'its budget is spent' : 'there is no `fence` command';
    const reason = `${target.id} needs a person: ${rogue}; ${why}`;
    return { ...quiet, verdict: 'person', kind: 'ask-person', reason };
  }
  const reason = `fence ${target.id} and let it rejoin as a standby: ${rogue}`;
  return { ...quiet, verdict: 'act', kind: 'rejoin', reason, hurry: true, spared: false };
}

/** A standby with damaged data has nothing that its primary doesn't: it is copied afresh. */
function freshCase({ target, serviceBudget }: PlanInput): Decision {
  const what = `${target.id}: ${faultPhrase('corruption')}`;
  if (serviceBudget.left <= 0) {
    const reason = `${target.id} needs a person: ${what}; its budget is spent`;
    return { ...quiet, verdict: 'person', kind: 'ask-person', reason };
  }
  const reason = `copy ${what}; its primary has all that it has`;
  return { ...quiet, verdict: 'act', kind: 'rejoin', reason, hurry: true, spared: false };
}

function candidates(input: PlanInput): Candidate[] {
  const { target } = input;
  const leads = target.failover?.isPrimary === true;
  const startMs = Math.max(target.startMs ?? startMsDefault, leads ? recoveryMsMin : 0);
  const serves = target.condition === 'serving';
  const failedHere = input.failed.some((one) => one.target === target.id);
  const list: Candidate[] = [];
  const add = (kind: ActionKind, defaultMs: number, userAction: UserActionSpec | null = null) => {
    const remedy = { kind, name: userAction?.name ?? null, target: target.id };
    const believed = recovers(input, kind, userAction);
    // What does not serve has nothing to lose by being started, whatever is blamed.
    const free = !serves && (kind === 'restart' || kind === 'retry');
    // Nor by the user's own commands, once what was believed proved wrong.
    const open = !serves && kind === 'run' && failedHere;
    const chance = open ? Math.max(believed, worthFrom) : believed;
    const alone = kind === 'restart' && serves && target.othersReady === 0 ? aloneFactor : 1;
    const cost = costMs(input.knowledge, remedy, defaultMs) * alone;
    if (!free && chance < worthFrom) return;
    const again = chance * mendsAgain(input.failed, remedy);
    list.push({ kind, userAction, mends: again, costMs: cost });
  };
  if (target.startFailed) add('retry', startMs);
  else if (!onlyBusy(input) && !(serves && (isDamaged(input) || isFull(input))))
    add('restart', (serves ? drainMs : 0) + startMs);
  if (leads && !onlyBusy(input) && input.cause.fault !== 'overload')
    add('fail-over', failOverMsDefault);
  if (target.restores !== null) add('restore', restoreMsDefault);
  if (canTakeOut(input)) add('take-out', 500);
  for (const action of target.actions) add('run', Math.max(1, action.costMs), action);
  list.push({ kind: 'ask-person', userAction: null, mends: 0.5, costMs: personMs });
  return list;
}

/** Σ P(h)·q(action, h) over the causes at the target. */
function recovers(input: PlanInput, kind: ActionKind, action: UserActionSpec | null): number {
  return input.causes
    .filter((cause) => cause.component === input.target.id)
    .reduce((sum, { fault, probability }) => {
      if (action !== null && !action.mends.includes(fault)) return sum;
      const remedy = { kind, name: action?.name ?? null, target: input.target.id };
      return sum + probability * mends(input.knowledge, remedy, fault);
    }, 0);
}

/** Its disk is full: after a restart too, and what is stopped there may not come up again. */
function isFull({ target }: PlanInput): boolean {
  return !target.declared && target.kinds.includes('disk');
}

/** Its data fails a check: that is as damaged after a restart. */
function isDamaged({ target }: PlanInput): boolean {
  return target.kinds.includes('integrity');
}

/** A busy instance is not helped by a restart, unless the user says what it means. */
function onlyBusy({ target }: PlanInput): boolean {
  if (target.declared) return false;
  return target.kinds.every((kind) => kind === 'cpu' || kind === 'pressure');
}

function canTakeOut({ target, cause }: PlanInput): boolean {
  return (
    target.condition === 'serving' &&
    target.hasEndpoint &&
    target.failover === null &&
    target.othersReady > 0 &&
    !target.takenOut &&
    cause.fault === 'slow'
  );
}

function notAvailable(input: PlanInput, ranked: readonly Candidate[]): Considered[] {
  const { target } = input;
  const list: Considered[] = [];
  if (!ranked.some((one) => one.kind === 'fail-over') && target.failover?.isPrimary === true) {
    const why =
      input.cause.fault === 'overload' || onlyBusy(input)
        ? 'a standby would have the same work to do'
        : 'it would hardly mend this';
    list.push({ kind: 'fail-over', target: target.id, why });
  }
  const alike = target.failover === null;
  if (!ranked.some((one) => one.kind === 'take-out') && target.hasEndpoint && alike) {
    const why =
      target.condition !== 'serving'
        ? 'it already gets no new connections'
        : target.othersReady === 0
          ? 'no other instance is ready'
          : 'it would not mend this';
    list.push({ kind: 'take-out', target: target.id, why });
  }
  if (!ranked.some((one) => one.kind === 'restart') && !target.startFailed)
    list.push({ kind: 'restart', target: target.id, why: 'it would hardly mend this' });
  return list;
}

function take(input: PlanInput, chosen: Candidate, considered: Considered[]): Decision {
  const { target, slowTry } = input;
  const restarts = chosen.kind === 'restart' || chosen.kind === 'retry';
  return {
    verdict: 'act',
    kind: chosen.kind,
    userAction: chosen.userAction,
    reason: actReason(input, chosen),
    considered,
    hurry: chosen.kind === 'restart' && target.condition === 'failing' && target.hangs,
    spared: slowTry || target.sparedBy !== null,
    delayMs: restarts && !slowTry && target.sparedBy === null ? target.backOffMs : 0,
  };
}

function actReason(input: PlanInput, chosen: Candidate): string {
  const { target, slowTry } = input;
  const why = blame(input.cause, input.causes, input.unsure);
  if (slowTry) return `try ${target.id} once more, although a person is needed: ${why}`;
  if (target.sparedBy !== null) return `restart ${target.id}: ${why}; ${target.sparedBy}`;
  const name = chosen.userAction?.name ?? null;
  const remedy = { kind: chosen.kind, name, target: target.id };
  const { fault } = input.cause;
  const because = (otherwise: string) =>
    `${why}; ${grounds(input.knowledge, remedy, { fault, otherwise })}`;
  if (chosen.kind === 'run')
    return `run «${name}» for ${target.id}: ${because('by its stack file it may mend this')}`;
  if (chosen.kind === 'retry')
    return `start ${target.id} again: ${because('by default table another try mends this')}`;
  if (chosen.kind === 'fail-over') {
    const may = target.failover?.may ?? `a person consented; ${target.failover?.loss ?? ''}`;
    return `fail over from ${target.id}: ${because('by default table a fail-over mends this')}; ${may}`;
  }
  if (chosen.kind === 'restore')
    return `restore ${target.id}: ${because('by default table a restore mends this')}; it ${target.restores}`;
  const verb = chosen.kind.replace('-', ' ');
  const last = target.condition === 'serving' && target.othersReady === 0;
  const outage =
    last && chosen.kind === 'restart' ? '; it is the only instance: a short outage' : '';
  return `${verb} ${target.id}: ${because(`by default table a ${verb} mends this`)}${outage}`;
}

function giveUp(input: PlanInput, guard: Guard | null, considered: Considered[]): Decision {
  const { target } = input;
  const why = blame(input.cause, input.causes, input.unsure);
  if (guard?.passing === true) {
    const reason = `leave ${target.id} for now: ${why}; ${guard.why}`;
    return { ...quiet, verdict: 'later', kind: 'wait', reason, considered };
  }
  if (guard === null && onlyBusy(input)) {
    const reason = `look at ${target.id}: ${why}; a restart does not mend this`;
    return { ...quiet, verdict: 'tell', kind: 'ask-person', reason, considered };
  }
  const ground = guard?.why ?? 'no action known mends this';
  const lines = tellingLines(target.lastLines).join(' | ');
  const told = lines === '' ? '' : `; last lines: ${lines}`;
  const consent = considered.some((one) => one.kind === 'fail-over' && one.why === guard?.why);
  const free = consent && target.failover?.may != null ? mayBeAsked(target.failover.may) : '';
  const reason = `${target.id} needs a person: ${why}; ${ground}${mayBeLost(input)}${free}${told}`;
  return { ...quiet, verdict: 'person', kind: 'ask-person', reason, considered };
}

/** Where only the budget holds a fail-over back. */
function mayBeAsked(may: string): string {
  return `; ${may}, and consent fails over`;
}

/** What a person may consent to, where no standby may be promoted without. */
function mayBeLost({ target, failed }: PlanInput): string {
  const { isPrimary, mayNot, loss } = target.failover ?? {};
  if (isPrimary !== true || mayNot == null) return '';
  const tried = failed.findLast((one) => one.kind === 'fail-over' && one.target === target.id);
  const before = tried?.why == null ? [] : [`the last fail-over failed: ${tried.why}`];
  return ['', mayNot, ...before, ...(loss === null ? [] : [loss])].join('; ');
}

/** What a program said last, at most five lines: the one that names an error is among them. */
function tellingLines(lines: readonly string[]): readonly string[] {
  const said = lines.filter((line) => line.trim() !== '');
  const last = said.slice(-5);
  const names = (line: string) => /\b(error|fatal|panic|exception)\b|Error:/i.test(line);
  const telling = said.findLast(names);
  if (telling === undefined || last.includes(telling)) return last;
  return [telling, ...last.slice(1)];
}

/** In observe mode the same decision, told and not done. */
function withMode(input: PlanInput, decision: Decision): Decision {
  if (!input.observe || decision.verdict === 'tell') return decision;
  const reason = decision.verdict === 'act' ? `would ${decision.reason}` : decision.reason;
  return { ...decision, verdict: 'would', reason, delayMs: 0 };
}
