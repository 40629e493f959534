/** What holds an action back, whatever it promises. */
import type { BudgetFacts, Candidate, PlanInput } from './input.ts';
import { duration } from './sentence.ts';

export interface Guard {
  readonly why: string;
  /** It will pass without a person: try later. */
  readonly passing: boolean;
}

/** The first guard that holds the candidate back, or null. */
export function blockedBy(input: PlanInput, candidate: Candidate): Guard | null {
  if (candidate.kind === 'ask-person') return null;
  return (
    hopeless(input, candidate) ??
    failoverGuard(input, candidate) ??
    consentGuard(input, candidate) ??
    budgetGuard(input, candidate) ??
    blastGuard(input, candidate) ??
    storeGuard(input, candidate)
  );
}

function hopeless({ target, slowTry, failed }: PlanInput, candidate: Candidate): Guard | null {
  const starts = candidate.kind === 'restart' || candidate.kind === 'retry';
  if (starts && target.startHopeless && !slowTry)
    return { why: 'trying again does not help', passing: false };
  const name = candidate.userAction?.name ?? null;
  const again = failed.some(
    (one) => one.kind === candidate.kind && one.name === name && one.target === target.id,
  );
  if (again && (candidate.kind === 'run' || candidate.kind === 'take-out'))
    return { why: 'it was tried and did not help', passing: false };
  return null;
}

/** F3: no promotion without a standby that has every acknowledged write, unless a person consented.
 * F7: what was chosen is completed before another is. */
function failoverGuard({ target, consent }: PlanInput, { kind }: Candidate): Guard | null {
  if (kind !== 'fail-over' || target.failover === null) return null;
  const { isChosen, mayNot, loss } = target.failover;
  if (isChosen)
    return { why: `F7: ${target.id} was chosen, and that is completed first`, passing: false };
  if (mayNot === null || (consent === true && loss !== null)) return null;
  return { why: mayNot, passing: false };
}

function consentGuard(input: PlanInput, candidate: Candidate): Guard | null {
  const { target, consent } = input;
  const { kind, userAction } = candidate;
  if (kind === 'restore') return restoreGuard(input);
  if (userAction === null || !userAction.destructive) return null;
  if (target.allow.includes(userAction.name) || consent === true) return null;
  const why =
    consent === false
      ? `«${userAction.name}» was rejected`
      : `«${userAction.name}» is destructive and needs consent`;
  return { why, passing: false };
}

/** Data is lost by it: only who was told how much says so. */
function restoreGuard({ target, consent }: PlanInput): Guard | null {
  if (target.allow.includes('restore') || consent === true) return null;
  const why = consent === false ? 'a restore was rejected' : 'a restore needs consent';
  return { why: `${why}: it ${target.restores}`, passing: false };
}

function budgetGuard(input: PlanInput, { kind, userAction }: Candidate): Guard | null {
  const { serviceBudget, stackBudget, slowTry, target, consent } = input;
  // A person who consented to an action wants it done.
  const asked = userAction?.destructive === true || kind === 'fail-over' || kind === 'restore';
  if (asked && consent === true) return null;
  if (slowTry || target.sparedBy !== null) return null;
  if (serviceBudget.left <= 0) return { why: spent('its budget', serviceBudget), passing: false };
  // A standby that fails again and again must not use up what its primary may need.
  const isStandby = target.failover?.isPrimary === false;
  if (isStandby && serviceBudget.left === 1 && serviceBudget.count > 1)
    return {
      why: `${spent('its budget', serviceBudget)}, but for one for its primary`,
      passing: false,
    };
  if (stackBudget.left <= 0)
    return { why: spent("the stack's budget", stackBudget), passing: false };
  return null;
}

function spent(whose: string, { count, windowMs }: BudgetFacts): string {
  return `${whose} of ${count} ${count === 1 ? 'action' : 'actions'} in ${duration(windowMs)} is spent`;
}

/** By choice nothing is interrupted that has no stand-in. A single instance never has one: there
 * the user's own symptom decides. */
function blastGuard(
  { target, maxUnavailableShare }: PlanInput,
  candidate: Candidate,
): Guard | null {
  const interrupts = candidate.kind === 'restart' || candidate.kind === 'take-out';
  if (!interrupts || target.condition === 'gone' || target.hangs) return null;
  // Nor has a primary: its standbys do not do its work.
  if (target.replicas === 1 || target.failover?.isPrimary === true) return null;
  if (target.condition === 'failing') {
    if (target.othersBusy + 1 <= allowedOut(target.replicas, maxUnavailableShare)) return null;
    return { why: 'another instance is being restarted', passing: true };
  }
  if (target.othersReady === 0) return { why: 'it is the last ready instance', passing: true };
  if (target.othersOut + 1 > allowedOut(target.replicas, maxUnavailableShare))
    return { why: `${target.othersOut} of ${target.replicas} instances are out`, passing: true };
  return null;
}

function allowedOut(replicas: number, share: number): number {
  return Math.max(1, Math.floor(share * replicas));
}

function storeGuard({ storeWritable }: PlanInput, { kind }: Candidate): Guard | null {
  if (storeWritable || !['run', 'fail-over', 'restore'].includes(kind)) return null;
  return { why: 'the store can not write', passing: true };
}
