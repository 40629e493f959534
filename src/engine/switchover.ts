/** Whether a switchover that a person asks for can be begun. */
import type { ErrorCode } from '../model/errors.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import { candidatesOf, whyNoneMay } from './candidates.ts';
import { failoverOf, groupOf, isSynchronous, primaryOf } from './group.ts';
import { answers } from './routing.ts';
import type { EngineState } from './state.ts';

interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Null: it can. */
export function whyNotSwitch(
  state: EngineState,
  service: ServiceName,
  to: InstanceId | null,
): Refusal | null {
  const known = state.services[service];
  if (known === undefined || known.removed) {
    const message = `no service «${service}»; there are: ${state.order.join(', ')}`;
    return { code: 'NOT_FOUND', message };
  }
  if (to !== null && !known.instances.includes(to)) {
    const message = `no instance «${to}»; there are: ${known.instances.join(', ')}`;
    return { code: 'NOT_FOUND', message };
  }
  const message =
    failoverOf(state, service) === null ? `${service} has no failover` : why(state, service, to);
  return message === null ? null : { code: 'REFUSED', message };
}

function why(state: EngineState, service: ServiceName, to: InstanceId | null): string | null {
  const primary = primaryOf(state, service);
  const group = groupOf(state, service);
  if (primary === null || group?.servedAt == null || group.change !== null)
    return `${service} has no primary that serves now`;
  if (!answers(state, primary)) return `${primary.id} does not answer`;
  if (to === primary.id) return `${to} is primary already`;
  if (!state.storeWritable) return 'the store can not write';
  const none = whyNoneMay(state, service);
  if (none !== null) return none;
  const able = candidatesOf(state, service, false).map((one) => one.id);
  if (to === null || able.includes(to)) return null;
  const failover = failoverOf(state, service);
  return failover !== null && isSynchronous(failover)
    ? `F3: ${to} is not known to have every acknowledged write`
    : `${to} is not ready to take over`;
}

/** One was begun, or waits for its turn. */
export function isSwitching(state: EngineState, service: ServiceName): boolean {
  const queue = state.services[service]?.queue ?? [];
  return queue.some((id) => state.personal[id]?.planned.kind === 'switch-over');
}
