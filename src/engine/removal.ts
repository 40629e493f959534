/** What left the stack file: nothing that concerned it is waited for any more. */
import { type ComponentId, isInstance, serviceOf } from '../model/ids.ts';
import { isLeaving } from './group.ts';
import { judge } from './queue.ts';
import type { EngineState } from './state.ts';
import { endSymptom } from './symptoms.ts';
import type { Turn } from './turn.ts';

/** Ends symptoms and gives up restarts of what is removed or, having been down, forgotten. */
export function letGoOfRemoved(turn: Turn): void {
  const { state } = turn;
  for (const { symptom } of Object.values(state.symptoms)) {
    if (isRemoved(state, symptom.component)) endSymptom(turn, symptom.id);
  }
  for (const { planned } of Object.values(state.personal)) {
    if (!isRemoved(state, planned.target)) continue;
    const instance = turn.instance(planned.target);
    if (instance !== undefined && isLeaving(state, instance)) continue;
    judge(turn, planned.action, 'failed', `${planned.target} left the stack file`);
  }
}

function isRemoved(state: EngineState, component: ComponentId): boolean {
  const service = serviceOf(component);
  if (service === null) return false;
  const known = isInstance(component) ? state.instances[component] : state.services[service];
  return known === undefined || known.removed;
}
