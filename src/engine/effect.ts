/** How long an action has to show that it helped. */
import { type ActionId, type ComponentId, serviceOf } from '../model/ids.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { Turn } from './turn.ts';

/** Beyond its start period and retries, an instance gets this long to come right. */
const effectSlackMs = 5_000;

/** From now on; `judgeEffect` comes when the time is up. */
export function awaitEffect(turn: Turn, action: ActionId, target: ComponentId): void {
  const spec = turn.state.services[serviceOf(target) ?? '']?.spec;
  turn.setTimer(`effect:${action}`, turn.at + effectMs(spec));
}

/** So long after its start an instance may take to come right. */
export function effectMs(spec: ServiceSpec | undefined): number {
  const check = spec?.healthcheck;
  if (check == null) return effectSlackMs;
  const { startPeriodMs, intervalMs, timeoutMs, retries } = check;
  return startPeriodMs + (retries + 1) * (intervalMs + timeoutMs) + effectSlackMs;
}
