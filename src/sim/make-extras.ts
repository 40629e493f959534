/**
 * What only some stacks have: services that somebody else runs, that are only observed, commands of
 * the user's, log patterns, a host that fails, and maintenance. Each is switched on or off by the
 * seed (swarm).
 */
import type { PersonRequest } from '../model/event.ts';
import { instanceId } from '../model/ids.ts';
import type { ServiceSpec, StackSpec, SymptomSpec, UserActionSpec } from '../model/stack-spec.ts';
import type { FaultKind } from '../model/symptom.ts';
import type { Fault, Program } from './case.ts';
import type { Dice } from './dice.ts';
import type { Made } from './make-stack.ts';

interface Extras extends Made {
  readonly faults: readonly Fault[];
}

type Change = (dice: Dice, service: ServiceSpec, program: Program) => ServiceSpec;

/** Their faults are numbered from here on, so that the usual ones keep their numbers. */
const firstId = 101;

export function makeExtras(dice: Dice, made: Made, quietAt: number): Extras {
  let { spec } = made;
  let { programs } = made;
  const faults: Fault[] = [];
  const add = (count: number, make: (dice: Dice, at: number) => Fault | null): void => {
    for (let index = 0; index < count; index += 1) {
      const one = dice.of(`fault ${faults.length}`);
      const fault = make(one, one.between(10_000, quietAt - 1_000));
      if (fault !== null) faults.push({ ...fault, id: firstId + faults.length });
    }
  };
  const lasting = (one: Dice, at: number) =>
    Math.min(quietAt, at + one.pick([2_000, 20_000, 100_000]));
  if (dice.chance(0.15)) {
    spec = changed(dice.of('external'), spec, programs, makeExternal);
    add(dice.whole(0, 3), (one, at) => meddling(one, spec, at));
  }
  if (dice.chance(0.2)) {
    spec = changed(dice.of('actions'), spec, programs, addActions);
    add(dice.whole(1, 4), (one, at) => ({ id: 0, at, name: 'answer', given: one.chance(0.7) }));
  }
  if (dice.chance(0.2)) {
    spec = changed(dice.of('logs'), spec, programs, addPattern);
    add(dice.whole(1, 4), (one, at) => logLines(one, spec, at, lasting(one, at)));
  }
  if (dice.chance(0.15)) {
    const host = dice.of('host');
    spec = changed(host, spec, programs, addDisk);
    programs = Object.fromEntries(
      Object.entries(programs).map(([name, program]) => [
        name,
        { ...program, needsDisk: host.chance(0.5) },
      ]),
    );
    const names = ['host-disk', 'host-io'] as const;
    add(dice.whole(1, 2), (one, at) => ({
      id: 0,
      at,
      name: one.pick(names),
      until: lasting(one, at),
    }));
  }
  const maintenance = dice.of('maintenance');
  if (maintenance.chance(0.2))
    add(maintenance.whole(1, 3), (one, at) => maintenanceOf(one, spec, at, quietAt));
  return { spec, programs, faults };
}

/** A person begins it, so that it is over with the faults, or ends it. */
export function maintenanceOf(
  dice: Dice,
  { services }: StackSpec,
  at: number,
  quietAt: number,
): Fault | null {
  const service = dice.oneOf(services)?.name;
  if (service === undefined) return null;
  const longMs = dice.pick([5_000, 30_000, 120_000]);
  const forMs = Math.max(1_000, Math.min(longMs, quietAt - at - 1_000));
  const request: PersonRequest = dice.chance(0.25)
    ? { kind: 'maintenance-end', service }
    : { kind: 'maintenance', service, forMs, untilHealthy: dice.chance(0.5) };
  return { id: 0, at, name: 'request', request };
}

/** Some services changed, each by chance; jobs never. */
function changed(
  dice: Dice,
  spec: StackSpec,
  programs: Made['programs'],
  change: Change,
): StackSpec {
  const services = spec.services.map((service) => {
    const program = programs[service.name];
    const one = dice.of(service.name);
    if (program === undefined || program.completesAfterMs !== null || one.chance(0.4))
      return service;
    return change(one, service, program);
  });
  return { ...spec, services };
}

const command = (name: string) => ({ argv: [name] });

/** Half of what somebody else runs is only observed. */
function makeExternal(dice: Dice, service: ServiceSpec): ServiceSpec {
  return {
    ...service,
    driver: 'external',
    command: null,
    replicas: 1,
    mode: dice.chance(0.5) ? 'observe' : 'act',
    external: {
      start: command('start'),
      stop: command('stop'),
      status: command('status'),
      logs: null,
      timeoutMs: dice.pick([5_000, 20_000]),
      pidFile: null,
    },
  };
}

const mended: readonly (readonly FaultKind[])[] = [['error'], ['hang', 'slow'], ['leak', 'crash']];

function addActions(dice: Dice, service: ServiceSpec): ServiceSpec {
  const actions = Array.from({ length: dice.whole(1, 2) }, (_, index): UserActionSpec => {
    const name = `mend-${index + 1}`;
    return {
      name,
      command: command(name),
      mends: dice.oneOf(mended) ?? [],
      costMs: dice.pick([10, 5_000]),
      destructive: dice.chance(0.6),
      timeoutMs: dice.pick([500, 10_000]),
    };
  });
  const allow = dice.chance(0.2) ? ['mend-1'] : [];
  return { ...service, actions, recovery: { ...service.recovery, allow } };
}

function addPattern(dice: Dice, service: ServiceSpec): ServiceSpec {
  const faults: readonly (readonly FaultKind[])[] = [[], [], ['hang'], ['error', 'leak']];
  const pattern: SymptomSpec = {
    kind: 'log',
    name: 'panic',
    pattern: 'panic',
    count: dice.pick([1, 3]),
    withinMs: dice.pick([1_000, 60_000]),
    quietMs: dice.pick([5_000, 30_000]),
    faults: dice.oneOf(faults) ?? [],
  };
  return { ...service, symptoms: [...service.symptoms, pattern] };
}

function addDisk(dice: Dice, service: ServiceSpec): ServiceSpec {
  const disk: SymptomSpec = {
    kind: 'expr',
    name: 'disk',
    expr: "host.disk.free < size('1GiB')",
    forMs: dice.pick([0, 3_000]),
    keepFiringForMs: dice.pick([0, 5_000]),
    faults: [],
  };
  return { ...service, symptoms: [...service.symptoms, disk] };
}

function meddling(dice: Dice, spec: StackSpec, at: number): Fault | null {
  const external = dice.oneOf(spec.services.filter((one) => one.driver === 'external'));
  if (external === null) return null;
  const target = instanceId(external.name, 1);
  return { id: 0, at, name: 'meddling', target, what: dice.pick(['stop', 'restart']) };
}

function logLines(dice: Dice, spec: StackSpec, at: number, until: number): Fault | null {
  const service = dice.oneOf(spec.services);
  if (service === null) return null;
  const target = instanceId(service.name, dice.whole(1, service.replicas));
  return { id: 0, at, name: 'log-lines', target, until, everyMs: dice.pick([100, 2_000]) };
}
