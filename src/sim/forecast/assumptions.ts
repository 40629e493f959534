/**
 * What is assumed of the programs of a stack file, as nobody can know it from the file: how long
 * they take, what they do without what they need, and how a kind of fault shows itself in the
 * model world.
 */
import { type InstanceId, instanceId } from '../../model/ids.ts';
import type { ServiceSpec, StackSpec } from '../../model/stack-spec.ts';
import type { FaultKind } from '../../model/symptom.ts';
import type { Program } from '../case.ts';
import type { Dice } from '../dice.ts';
import type { Breakage } from './story.ts';

/** A person who is asked has mended it after so long. */
export const personMs = 1_800_000;
/** What nobody is told of is noticed, and mended, after so long. */
export const unnoticedMs = 14_400_000;

const mebibyte = 2 ** 20;

/** Everything is managed here: what is only observed, or external, is taken as if it were ours. */
export function managed(spec: StackSpec): StackSpec {
  const services = spec.services.map(
    (service): ServiceSpec => ({ ...service, mode: 'act', driver: 'process', external: null }),
  );
  return { ...spec, mode: 'act', services };
}

/** It ends by itself, and others wait for that. */
export function isJob(spec: StackSpec, { name }: ServiceSpec): boolean {
  return spec.services.some(({ dependsOn }) =>
    dependsOn.some((one) => one.service === name && one.condition === completed),
  );
}

const completed = 'service_completed_successfully';

export function programsOf(spec: StackSpec, dice: Dice): Record<string, Program> {
  const entries = spec.services.map((service) => {
    const own = dice.of(service.name);
    return [service.name, programOf(isJob(spec, service), own)] as const;
  });
  return Object.fromEntries(entries);
}

function programOf(job: boolean, dice: Dice): Program {
  return {
    startMs: dice.between(500, 3_000),
    stopMs: dice.between(50, 1_000),
    answerMs: dice.between(1, 20),
    completesAfterMs: job ? 2_000 : null,
    withoutDependency: dice.chance(0.7) ? 'answers-wrongly' : 'exits',
    exitsAfterMs: dice.between(100, 4_000),
  };
}

/** What happens at an instance when it has such a fault. */
export function breakages(
  dice: Dice,
  service: ServiceSpec,
  { kind, lasting }: { readonly kind: FaultKind; readonly lasting: boolean },
): Breakage[] {
  const target = instanceId(service.name, dice.whole(1, service.replicas));
  const base = { target, lasting, amount: 0, variant: dice.chance(0.5) };
  switch (kind) {
    case 'crash':
      return lasting ? endsAgainAndAgain(base) : [{ ...base, name: 'crash' }];
    case 'hang':
      return [{ ...base, name: 'hang' }];
    case 'slow':
    case 'overload':
      return [{ ...base, name: 'slow', amount: dice.between(1_000, 5_000) }];
    case 'leak':
      if (lasting) return endsAgainAndAgain(base);
      return [{ ...base, name: 'leak', amount: dice.between(2, 20) * mebibyte }];
    case 'release':
    case 'configuration':
      if (dice.chance(0.5)) return endsAgainAndAgain(base);
      return [{ ...base, name: 'failing' }];
    case 'error':
    case 'disk':
    case 'corruption':
      return [{ ...base, name: 'failing' }];
    case 'unreachable':
      return [{ ...base, name: 'hang', variant: false }];
  }
}

type Base = Omit<Breakage, 'name'> & { readonly target: InstanceId };

function endsAgainAndAgain(base: Base): Breakage[] {
  return [{ ...base, name: 'crash-loop', lasting: true, amount: 300 }];
}
