/**
 * What is true of a random stack, and told to nobody but the oracle: how often each kind of fault
 * happens at each service, and how often each remedy mends it. It is drawn around the default
 * tables, and wide of them: rates by a factor of e in the mean, chances by as much in their odds.
 */
import { priors } from '../../src/locate/tables.ts';
import { instanceId } from '../../src/model/ids.ts';
import type { ServiceSpec, StackSpec, UserActionSpec } from '../../src/model/stack-spec.ts';
import { type FaultKind, faultKinds } from '../../src/model/symptom.ts';
import { restartMends } from '../../src/plan/tables.ts';
import type { Program } from '../../src/sim/case.ts';
import { Dice } from '../../src/sim/dice.ts';
import { breakages } from '../../src/sim/forecast/assumptions.ts';
import type { Breakage } from '../../src/sim/forecast/story.ts';
import { makeStack } from '../../src/sim/make-stack.ts';
import type { Truth } from './strategies.ts';

export interface TrueStack {
  readonly spec: StackSpec;
  readonly programs: Readonly<Record<string, Program>>;
  readonly hazards: readonly Hazard[];
}

/** One kind of fault at one service. */
interface Hazard {
  readonly service: ServiceSpec;
  readonly kind: FaultKind;
  readonly weight: number;
  /** By remedy: `restart`, or the name of an action. */
  readonly mends: Readonly<Record<string, number>>;
}

export interface Incident {
  readonly seed: string;
  readonly breakages: readonly Breakage[];
  readonly truth: Truth;
  /** The actions of the user's that mend this one. */
  readonly works: ReadonlySet<string>;
}

/** An action that was not made for such a fault mends it now and then. */
const byLuck = 0.03;
const ownActions: readonly (readonly [string, readonly FaultKind[], number])[] = [
  ['clean-up', ['disk', 'leak'], 3_000],
  ['reload', ['configuration', 'error', 'slow', 'overload'], 1_000],
  ['roll-back', ['release', 'error', 'configuration', 'crash'], 10_000],
  ['repair', ['corruption', 'error', 'hang', 'unreachable'], 20_000],
];
/** What can be seen without a health check. */
const seenUnchecked: readonly FaultKind[] = ['crash', 'leak'];

export function trueStack(seed: string): TrueStack {
  const dice = new Dice(seed);
  for (let attempt = 1; ; attempt += 1) {
    const { spec: bare, programs } = makeStack(dice.of(`stack ${attempt}`));
    const services = bare.services.map((service) => withActions(service, dice.of(service.name)));
    const spec = { ...bare, services };
    const hazards = services
      .filter(({ name }) => programs[name]?.completesAfterMs === null)
      .flatMap((service) => hazardsAt(service, dice.of(`truth ${service.name}`)));
    if (hazards.length > 0) return { spec, programs, hazards };
  }
}

function withActions(service: ServiceSpec, dice: Dice): ServiceSpec {
  const actions = ownActions
    .filter(() => dice.chance(0.7))
    .map(([name, mends, costMs]): UserActionSpec => {
      const timeoutMs = 2 * costMs;
      return { name, command: { argv: [name] }, mends, costMs, destructive: false, timeoutMs };
    });
  return { ...service, actions };
}

function hazardsAt(service: ServiceSpec, dice: Dice): Hazard[] {
  const kinds = service.healthcheck === null ? seenUnchecked : faultKinds;
  const busy = Math.exp(normal(dice) / 2);
  return kinds.map((kind) => {
    const odds = restartMends[kind] / (1 - restartMends[kind]);
    const own = service.actions.map(({ name, mends }) => {
      const chance = dice.between(0.2, 1);
      return [name, mends.includes(kind) ? chance : byLuck] as const;
    });
    const restart = 1 / (1 + Math.exp(-normal(dice)) / odds);
    const weight = busy * service.replicas * priors[kind] * Math.exp(normal(dice));
    return { service, kind, weight, mends: { restart, ...Object.fromEntries(own) } };
  });
}

/** Standard normal: Box and Muller, 1958. */
function normal(dice: Dice): number {
  return Math.sqrt(-2 * Math.log(1 - dice.next())) * Math.cos(2 * Math.PI * dice.next());
}

export function incident({ hazards, programs }: TrueStack, seed: string): Incident {
  const dice = new Dice(seed);
  const index = dice.weighed(hazards.map(({ weight }) => weight));
  const hazard = hazards[index];
  if (hazard === undefined) throw new Error('nothing can happen to this stack');
  const { service, kind, mends } = hazard;
  const works = new Set(Object.keys(mends).filter((name) => dice.chance(mends[name] ?? 0)));
  const lasting = !works.has('restart');
  const broken = breakages(dice.of('fault'), service, { kind, lasting });
  const target = broken[0]?.target ?? instanceId(service.name, 1);
  const gone = broken.some(({ name }) => name === 'crash');
  const startMs = programs[service.name]?.startMs ?? 0;
  const quick = service.actions
    .filter(({ name, costMs }) => works.has(name) && !gone && (lasting || costMs < startMs))
    .sort((a, b) => a.costMs - b.costMs)[0];
  const remedy = quick?.name ?? (lasting ? null : 'restart');
  return { seed, breakages: broken, truth: { target, remedy }, works };
}
