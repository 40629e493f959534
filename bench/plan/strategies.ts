/** Whom ours is compared with: each reacts at once to what it is told, by the same senses. */
import type { InstanceId } from '../../src/model/ids.ts';
import type { Fleet, Member, Strategy } from './fleet.ts';

/** Time for an instance to show that a restart helped. */
function graceMs({ spec }: Member): number {
  const check = spec.healthcheck;
  if (check === null) return 5_000;
  const { startPeriodMs, intervalMs, timeoutMs, retries } = check;
  return startPeriodMs + (retries + 1) * (intervalMs + timeoutMs) + 5_000;
}

/** It is well again for so long: the ladder begins at its foot. */
const forgetMs = 60_000;

interface Rung {
  step: number;
  at: number;
}

/**
 * A fixed ladder for each instance that fails: retry (start again what ended, wait for the next
 * check of what runs), restart it, restart it once more, give up and ask a person.
 */
export function ladder(): Strategy {
  const rungs = new Map<InstanceId, Rung>();
  const climb = (fleet: Fleet, member: Member): void => {
    const last = rungs.get(member.id);
    const step =
      last === undefined || fleet.now - last.at > forgetMs + graceMs(member) ? 0 : last.step;
    rungs.set(member.id, { step: step + 1, at: fleet.now });
    if (step === 0 && !member.ended) {
      fleet.wait(member, member.spec.healthcheck?.intervalMs ?? 1_000);
    } else if (step <= 2) {
      fleet.restart(member);
      fleet.wait(member, graceMs(member));
    } else fleet.askPerson(`${member.id} does not come right`);
  };
  return {
    failed: (fleet, member) => {
      if (member.ended || !fleet.isWaiting(member)) climb(fleet, member);
    },
    due: (fleet, member) => {
      if (!fleet.isWell(member)) climb(fleet, member);
    },
  };
}

const roundsMax = 3;

/** Whenever something fails, everything that fails is restarted; after three times a person. */
export function restartAll(): Strategy {
  let rounds = 0;
  let lastAt = 0;
  const round = (fleet: Fleet, first: Member): void => {
    if (fleet.now - lastAt > forgetMs + graceMs(first)) rounds = 0;
    lastAt = fleet.now;
    rounds += 1;
    if (rounds > roundsMax) {
      fleet.askPerson('restarts do not help');
      return;
    }
    for (const member of fleet.failing) {
      fleet.restart(member);
      fleet.wait(member, graceMs(member));
    }
  };
  return {
    failed: (fleet, member) => {
      if (!fleet.isWaiting(member)) round(fleet, member);
      else if (member.ended) member.wanted = true;
    },
    due: (fleet, member) => {
      if (!fleet.isWell(member) && fleet.hasDependencies(member)) round(fleet, member);
      else if (!fleet.isWell(member)) fleet.wait(member, 1_000);
    },
  };
}

/** What is wrong, and what mends it: `restart`, the name of a command of the user's, or nothing. */
export interface Truth {
  readonly target: InstanceId;
  readonly remedy: string | null;
}

/** Knows the fault, not when it comes: it acts when something shows, at the right place. */
export function oracle({ target, remedy }: Truth): Strategy {
  let acted = false;
  const act = (fleet: Fleet): void => {
    const member = fleet.members.get(target);
    if (member === undefined || acted) return;
    acted = true;
    if (remedy === null) fleet.askPerson('nothing mends it');
    else if (remedy === 'restart') fleet.restart(member);
    else fleet.run(member, remedy);
    if (member.ended) member.wanted = remedy !== null;
  };
  const broken = new Set<InstanceId>([target]);
  return {
    failed: (fleet, member) => {
      // Before the break, and what the fault brings down with it.
      if (member.ended && !broken.has(member.id)) member.wanted = true;
      const own = member.id === target || fleet.dependenciesOf(member).has(serviceName(target));
      if (own) act(fleet);
      if (member.ended && acted && remedy !== null) member.wanted = true;
    },
    due: () => undefined,
  };
}

function serviceName(instance: InstanceId): string {
  return instance.slice(0, instance.lastIndexOf('/'));
}
