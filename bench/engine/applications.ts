/**
 * A stack of any size for `engine`: applications of ten services each, as they are built. They
 * stand beside each other, so that what is connected with one service stays the same in a larger
 * stack.
 */
import { service, stack } from '../../src/engine/stack.fixture.ts';
import type { ServiceSpec, StackSpec } from '../../src/model/stack-spec.ts';

interface Part {
  readonly name: string;
  readonly replicas: number;
  readonly needs: readonly string[];
}

const application: readonly Part[] = [
  { name: 'db', replicas: 1, needs: [] },
  { name: 'cache', replicas: 1, needs: [] },
  { name: 'queue', replicas: 1, needs: [] },
  { name: 'auth', replicas: 2, needs: ['db', 'cache'] },
  { name: 'orders', replicas: 2, needs: ['db', 'queue'] },
  { name: 'billing', replicas: 2, needs: ['db', 'auth'] },
  { name: 'search', replicas: 2, needs: ['db'] },
  { name: 'worker', replicas: 2, needs: ['queue', 'db'] },
  { name: 'api', replicas: 3, needs: ['auth', 'orders', 'billing', 'search'] },
  { name: 'web', replicas: 2, needs: ['api'] },
];

/** `services`: a multiple of ten. */
export function applications(services: number): StackSpec {
  const count = services / application.length;
  const all = Array.from({ length: count }, (_, index) => servicesOf(`app${index + 1}`)).flat();
  const budget = { count: Math.max(20, services), windowMs: 600_000 };
  return stack(all, { name: 'bench', recovery: { budget, maxUnavailableShare: 0.5 } });
}

function servicesOf(prefix: string): ServiceSpec[] {
  return application.map(({ name, replicas, needs }) =>
    service(`${prefix}-${name}`, { replicas, needs: needs.map((one) => `${prefix}-${one}`) }),
  );
}
