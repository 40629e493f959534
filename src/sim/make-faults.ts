/**
 * Random faults for a stack. Only what is promised to be recoverable is injected, given what the
 * stack file lets Daruma see: a hang needs a health check, a leak is ended by the kernel at last.
 */
import type { PersonRequest } from '../model/event.ts';
import { type InstanceId, instanceId } from '../model/ids.ts';
import type { ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import {
  allFaults,
  type Fault,
  type FaultName,
  killPoints,
  type ProbeFault,
  type Program,
  type ProgramFault,
  probeFaults,
  programFaults,
  storeFaults,
} from './case.ts';
import type { Dice } from './dice.ts';

interface Given {
  readonly spec: StackSpec;
  readonly programs: Readonly<Record<string, Program>>;
  readonly quietAt: number;
}

/** Time for the stack to come up before anything breaks, most of the time. */
const calmMs = 15_000;

export function makeFaults(dice: Dice, given: Given): Fault[] {
  const kinds: readonly FaultName[] = [...allFaults, 'request'];
  const weights = kinds.map(() => (dice.chance(0.5) ? 0 : dice.pick([1, 3, 10])));
  if (weights.every((weight) => weight === 0)) return [];
  const from = dice.chance(0.9) ? calmMs : 0;
  const count = dice.pick([1, 2, 4, 8, 14]);
  const faults: Fault[] = [];
  for (let id = 1; id <= count; id += 1) {
    const one = dice.of(id);
    const at = one.between(from, given.quietAt - 1_000);
    const name = kinds[one.weighed(weights)] ?? 'crash';
    const fault = makeFault(one, given, { id, at, name });
    if (fault !== null) faults.push(fault);
  }
  return faults;
}

interface Drawn {
  readonly id: number;
  readonly at: number;
  readonly name: FaultName;
}

function makeFault(dice: Dice, given: Given, { id, at, name }: Drawn): Fault | null {
  const until = Math.min(given.quietAt, at + dice.pick([2_000, 20_000, 100_000]));
  const service = dice.oneOf(given.spec.services);
  if (service === null) return null;
  const target = instanceId(service.name, dice.whole(1, service.replicas));
  if (isOneOf(programFaults, name))
    return programFault(dice, service, { id, at, name, target, until });
  if (isOneOf(probeFaults, name)) {
    const probability = dice.pick([0.05, 0.3, 1]);
    return service.healthcheck === null ? null : { id, at, name, target, until, probability };
  }
  if (isOneOf(storeFaults, name))
    return { id, at, name, until, ms: dice.pick([300, 1_500, 4_000]) };
  switch (name) {
    case 'controller-kill': {
      const point = dice.pick(killPoints);
      const downMs = dice.pick([50, 500, 8_000]);
      return { id, at, name, point, count: dice.whole(1, 6), downMs };
    }
    case 'sleep':
      return { id, at, name, ms: dice.pick([100, 700, 3_000, 20_000]) };
    case 'clock-step':
      return { id, at, name, ms: dice.pick([-3_600_000, -2_000, 2_000, 3_600_000]) };
    default:
      return { id, at, name: 'request', request: makeRequest(dice, service, target) };
  }
}

function isOneOf<T extends string>(list: readonly T[], name: string): name is T {
  return (list as readonly string[]).includes(name);
}

type ForProgram = Drawn & {
  readonly name: ProgramFault | ProbeFault;
  readonly target: InstanceId;
  readonly until: number;
};

function programFault(
  dice: Dice,
  service: ServiceSpec,
  { id, at, name, target, until }: ForProgram & { readonly name: ProgramFault },
): Fault | null {
  const variant = dice.chance(0.5);
  const lasts = dice.chance(0.3);
  const base = { id, at, name, target, variant, until };
  switch (name) {
    case 'crash':
      return { ...base, until: null, amount: 0 };
    case 'hang':
    case 'failing':
      if (service.healthcheck === null) return null;
      return { ...base, until: lasts ? until : null, amount: 0 };
    case 'slow':
      return { ...base, until: lasts ? until : null, amount: dice.pick([100, 250, 2_000]) };
    case 'leak':
      return { ...base, until: null, amount: dice.pick([2, 20, 100]) * 2 ** 20 };
    case 'crash-loop':
      return { ...base, amount: dice.pick([50, 1_000, 8_000]) };
    case 'slow-start':
      return { ...base, amount: dice.pick([3, 20]) };
    default:
      return { ...base, amount: 0 };
  }
}

function makeRequest(dice: Dice, service: ServiceSpec, instance: InstanceId): PersonRequest {
  const target = dice.chance(0.5) ? service.name : instance;
  const kind = dice.pick(['restart', 'restart', 'start', 'stop', 'reset', 'up', 'down'] as const);
  if (kind === 'up' || kind === 'down') return { kind };
  if (kind === 'reset') return { kind, target: dice.chance(0.5) ? target : null };
  return { kind, target };
}
