/** The state as people and machines are shown it. */
import type { IncidentId } from '../model/ids.ts';
import type { EndpointSpec } from '../model/stack-spec.ts';
import type {
  IncidentView,
  InstancePhase,
  InstanceView,
  MaintenanceView,
  ServiceView,
  StackView,
} from '../model/view.ts';
import { isSpare } from './group.ts';
import { groupView, roleView } from './group-view.ts';
import { isReadFrom, routeTargets } from './routing.ts';
import {
  type EngineState,
  type IncidentState,
  type InstanceState,
  instancesOf,
  isWarning,
  type ServiceState,
} from './state.ts';

export function view(state: EngineState, at: number): StackView {
  return {
    name: state.stack?.name ?? '',
    file: state.stack?.file ?? '',
    mode: state.stack?.mode ?? 'act',
    at,
    seq: state.seq,
    state: stackState(state),
    storeWritable: state.storeWritable,
    services: state.order.flatMap((name) => {
      const service = state.services[name];
      return service === undefined ? [] : [serviceView(state, service)];
    }),
    openIncidents: [...state.open],
  };
}

function stackState(state: EngineState): StackView['state'] {
  if (state.looking) return 'looking';
  if (state.wanted === 'down') return state.alive > 0 ? 'stopping' : 'stopped';
  const starting = Object.values(state.instances).some((one) => {
    if (one.wanted === 'down' || one.starts > 1 || isSpare(state, one)) return false;
    if (one.phase === 'held') return one.starts === 0 && one.hold === 'dependency';
    return one.phase === 'stopped' || one.phase === 'starting' || one.phase === 'running';
  });
  return starting ? 'starting' : 'running';
}

function serviceView(state: EngineState, service: ServiceState): ServiceView {
  const { spec } = service;
  return {
    name: spec.name,
    driver: spec.driver,
    mode: state.stack?.mode === 'observe' ? 'observe' : spec.mode,
    wanted: service.wanted,
    dependsOn: spec.dependsOn.map((dependency) => dependency.service),
    endpoint: spec.endpoint === null ? null : addressOf(spec.endpoint),
    ...(spec.endpointRead === undefined ? {} : { endpointRead: addressOf(spec.endpointRead) }),
    instances: instancesOf(state, spec.name).map((one) => instanceView(state, one)),
    ...(spec.recoveryPoints === undefined ? {} : { hasPoints: true }),
    ...restoreView(service),
    ...groupView(state, spec.name),
    ...(service.maintenance === undefined ? {} : { maintenance: shown(service.maintenance) }),
  };
}

function shown({ by, since, until, untilHealthy }: MaintenanceView): MaintenanceView {
  return { by, since, until, untilHealthy };
}

function restoreView({ restore }: ServiceState): Pick<ServiceView, 'restore'> {
  if (restore === undefined) return {};
  const { step, state, plan } = restore;
  return { restore: { step, state, to: plan?.to ?? null } };
}

function addressOf({ host, port }: EndpointSpec): string {
  return `${host}:${port}`;
}

function instanceView(state: EngineState, instance: InstanceState): InstanceView {
  const target =
    state.services[instance.service]?.spec.endpoint === null
      ? undefined
      : routeTargets(state, instance.service).find((one) => one.instance === instance.id);
  return {
    id: instance.id,
    phase: phaseOf(state, instance),
    pid: instance.pid,
    port: instance.port,
    startedAt: instance.startedAt,
    restarts: Math.max(0, instance.starts - 1),
    routed: target?.state ?? 'out',
    note: noteOf(state, instance),
    needsPerson: needsPerson(state, instance),
    changed: instance.changed,
    ...roleView(state, instance),
    ...(isReadFrom(state, instance) ? { reads: true } : {}),
    ...(isSpare(state, instance) ? { spare: true } : {}),
  };
}

function phaseOf(state: EngineState, instance: InstanceState): InstancePhase {
  const sick = instance.symptoms.some((id) => !isWarning(state.symptoms[id]?.symptom));
  return instance.phase === 'ready' && sick ? 'unhealthy' : instance.phase;
}

function noteOf(state: EngineState, instance: InstanceState): string {
  if (instance.note !== '') return instance.note;
  const evidence = instance.symptoms.flatMap((id) => state.symptoms[id]?.symptom.evidence ?? []);
  if (evidence.length > 0) return evidence.join('; ');
  return instance.changed ? 'its definition changed; `daruma up` applies that' : '';
}

function needsPerson(state: EngineState, instance: InstanceState): boolean {
  return instance.symptoms.some((id) => {
    const incident = state.symptoms[id]?.incident ?? null;
    return incident !== null && state.incidents[incident]?.state === 'needs-person';
  });
}

/** Null: no such incident is kept. */
export function incidentView(state: EngineState, id: IncidentId): IncidentView | null {
  const incident = state.incidents[id];
  return incident === undefined ? null : toView(incident);
}

/** Newest first. */
export function incidentViews(state: EngineState, limit: number): IncidentView[] {
  return Object.values(state.incidents)
    .sort((a, b) => Number(b.id.slice(1)) - Number(a.id.slice(1)))
    .slice(0, limit)
    .map(toView);
}

/** What failed again while it was verified has not recovered. */
function isBack({ state }: IncidentState): boolean {
  return state === 'verifying' || state === 'resolved';
}

function toView(incident: IncidentState): IncidentView {
  return {
    id: incident.id,
    state: incident.state,
    onset: incident.onset,
    ...(incident.returned === undefined ? {} : { returned: incident.returned }),
    detected: incident.detected,
    located: incident.located,
    acted: incident.acted,
    recovered: isBack(incident) ? incident.recovered : null,
    resolved: incident.resolved,
    symptoms: incident.symptoms.map(({ symptom, ended }) => ({ ...symptom, ended })),
    causes: [...incident.causes],
    unsure: incident.unsure,
    actions: incident.actions.map(({ planned, begun, done, outcome, error }) => ({
      ...planned,
      begun,
      done,
      outcome,
      error,
    })),
    component: incident.causes[0]?.component ?? null,
    summary: incident.summary,
  };
}
