/** The fold of what the log says of maintenance, and questions about it. Nothing here decides. */
import { type ComponentId, type InstanceId, type ServiceName, serviceOf } from '../model/ids.ts';
import { type LogRecord, subjectOf } from '../model/record.ts';
import { clearTimer, setTimer } from './earliest.ts';
import { isSpare } from './group.ts';
import { type EngineState, type InstanceState, instancesOf, isWarning } from './state.ts';

type Of<K extends LogRecord['kind']> = LogRecord & { readonly kind: K };

export function isUnderMaintenance(state: EngineState, service: ServiceName): boolean {
  return state.services[service]?.maintenance !== undefined;
}

/** Every instance is ready, or has completed, and shows nothing that is a fault. */
export function isHealthy(state: EngineState, service: ServiceName): boolean {
  const instances = instancesOf(state, service).filter((one) => !one.removed);
  return instances.length > 0 && instances.every((one) => isWell(state, one));
}

function isWell(state: EngineState, instance: InstanceState): boolean {
  if (isSpare(state, instance)) return true;
  const { phase, symptoms } = instance;
  const works = phase === 'ready' || phase === 'completed';
  return works && symptoms.every((id) => isWarning(state.symptoms[id]?.symptom));
}

/** It ends at the latest by a timer, which is set with it: one record, one fact. */
export function applyMaintenanceBegan(
  state: EngineState,
  { service: name, by, at, until, untilHealthy }: Of<'maintenance-began'>,
): void {
  const service = state.services[name];
  if (service === undefined) return;
  const since = service.maintenance?.since ?? at;
  service.maintenance = { by, since, until, untilHealthy, wasIll: !isHealthy(state, name) };
  clearTimer(state.timers, `healthy:${name}`);
  setTimer(state.timers, `maintenance:${name}`, until);
}

/** What was only thought of meanwhile is thought of anew. */
export function applyMaintenanceEnded(
  state: EngineState,
  { service: name }: Of<'maintenance-ended'>,
): void {
  delete state.services[name]?.maintenance;
  clearTimer(state.timers, `healthy:${name}`);
  clearTimer(state.timers, `maintenance:${name}`);
  for (const id of state.open) {
    for (const action of state.incidents[id]?.actions ?? []) {
      const { planned, outcome } = action;
      if (!planned.wouldOnly || outcome !== null || serviceOf(planned.target) !== name) continue;
      action.outcome = 'unknown';
      delete state.actions[planned.action];
    }
  }
}

/** Maintenance until a service is healthy ends only after it has not been. */
export function noteIll(state: EngineState, record: LogRecord): void {
  const began = record.kind === 'symptom-began' ? record.symptom.component : undefined;
  const component: ComponentId | undefined = subjectOf(record).instance ?? began;
  if (component === undefined) return;
  const service = state.instances[component as InstanceId]?.service ?? serviceOf(component);
  const maintenance = service === null ? undefined : state.services[service]?.maintenance;
  if (service === null || maintenance === undefined || maintenance.wasIll) return;
  if (!isHealthy(state, service)) maintenance.wasIll = true;
}
