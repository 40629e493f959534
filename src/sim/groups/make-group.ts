/** A case with a service of which one instance is primary, from a seed. */
import { type InstanceId, instanceId } from '../../model/ids.ts';
import type { FailoverSpec, ServiceSpec, StackSpec } from '../../model/stack-spec.ts';
import type { Case, Fault } from '../case.ts';
import { Dice } from '../dice.ts';
import { maintenanceOf } from '../make-extras.ts';
import { makeFaults } from '../make-faults.ts';
import { type Made, makeStack } from '../make-stack.ts';

export function makeGroupCase(seed: string): Case {
  const dice = new Dice(seed);
  const { spec, programs } = withGroup(dice.of('group'), makeStack(dice.of('stack')));
  const quietAt = dice.of('length').between(60_000, 240_000);
  const usual = makeFaults(dice.of('faults'), { spec, programs, quietAt });
  const [group] = spec.services.filter((one) => one.failover !== undefined);
  const own = group === undefined ? [] : ownFaults(dice.of('own'), group, quietAt, usual.length);
  const silent = group === undefined ? [] : silences(dice.of('silence'), group, quietAt);
  const faults = [...usual, ...own, ...silent, ...rests(dice.of('maintenance'), spec, quietAt)];
  return { seed, spec, programs, faults, quietAt };
}

/** Now and then a service is under maintenance. */
function rests(dice: Dice, spec: StackSpec, quietAt: number): Fault[] {
  const count = dice.chance(0.3) ? dice.whole(1, 2) : 0;
  return Array.from({ length: count }, (_, index) => {
    const at = dice.between(15_000, quietAt - 1_000);
    const fault = maintenanceOf(dice.of(index), spec, at, quietAt);
    return fault === null ? [] : [{ ...fault, id: 2_000 + index }];
  }).flat();
}

/** Now and then an instance, or each of them, never tells its position for a while. */
function silences(dice: Dice, group: ServiceSpec, quietAt: number): Fault[] {
  if (dice.chance(0.7)) return [];
  const at = dice.between(0, quietAt - 1_000);
  const until = Math.min(quietAt, at + dice.pick([20_000, 100_000, Infinity]));
  const only = dice.chance(0.3) ? null : dice.whole(1, group.replicas);
  return Array.from({ length: group.replicas }, (_, index) => index + 1)
    .filter((number) => only === null || number === only)
    .map((number) => {
      const target = instanceId(group.name, number);
      return { id: 3_000 + number, at, name: 'no-position', target, until };
    });
}

/** The first of its services becomes a group; few others are left. */
function withGroup(dice: Dice, made: Made): Made {
  const [first, ...others] = made.spec.services;
  if (first === undefined) return made;
  const group: ServiceSpec = {
    ...first,
    driver: 'postgres',
    replicas: dice.pick([2, 2, 3]),
    dependsOn: [],
    restart: { ...first.restart, policy: 'unless-stopped' },
    endpoint: first.endpoint ?? endpoint,
    healthcheck: first.healthcheck ?? healthcheck,
    failover: makeFailover(dice),
  };
  const services = [group, ...others.slice(0, dice.whole(0, 2))];
  const names = new Set(services.map((one) => one.name));
  const fitting = services.map(
    (service): ServiceSpec => ({
      ...service,
      dependsOn: service.dependsOn
        .filter((one) => names.has(one.service))
        .map((one) =>
          one.service === first.name ? { ...one, condition: 'service_healthy' } : one,
        ),
    }),
  );
  const program = made.programs[first.name];
  if (program === undefined) return made;
  const own = { ...program, completesAfterMs: null, withoutDependency: 'ignores' as const };
  return {
    spec: { ...made.spec, services: fitting },
    programs: { ...made.programs, [first.name]: own },
  };
}

const endpoint = {
  host: '127.0.0.1',
  port: 8_000,
  protocol: 'tcp' as const,
  proxyProtocol: false,
  drainMs: 1_000,
  connectTimeoutMs: 1_000,
};

const healthcheck = {
  probe: { kind: 'driver' as const },
  intervalMs: 500,
  timeoutMs: 500,
  retries: 2,
  startPeriodMs: 10_000,
  startIntervalMs: 250,
};

function makeFailover(dice: Dice): FailoverSpec {
  const durability = dice.chance(0.75)
    ? ({ kind: 'synchronous' } as const)
    : ({ kind: 'asynchronous', maxLagBytes: 1_000 } as const);
  return { mode: 'replication', durability, switchoverLimitMs: 5_000, holdMs: 30_000 };
}

/** Switchovers on purpose, and faults of all instances at once. */
function ownFaults(dice: Dice, group: ServiceSpec, quietAt: number, from: number): Fault[] {
  const faults: Fault[] = [];
  let id = from + 1_000;
  const at = (): number => dice.between(15_000, quietAt);
  for (let count = dice.pick([0, 0, 1, 2]); count > 0; count -= 1) {
    const number = dice.whole(1, group.replicas);
    const to: InstanceId | null = dice.chance(0.5) ? `${group.name}/${number}` : null;
    const request = { kind: 'switchover' as const, service: group.name, to, limitMs: 5_000 };
    faults.push({ id: id++, at: at(), name: 'request', request });
  }
  for (let count = dice.pick([0, 1, 2]); count > 0; count -= 1) {
    const together = at();
    for (let number = 1; number <= group.replicas; number += 1) {
      const target: InstanceId = `${group.name}/${number}`;
      const crash = { name: 'crash' as const, target, until: null, amount: 0, variant: true };
      faults.push({ id: id++, at: together + dice.between(0, 400), ...crash });
    }
  }
  return faults;
}
