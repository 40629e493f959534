/** Figures in Prometheus' text format (version 0.0.4): of the stack, and of the API itself. */

import type { Sample } from '../../model/sample.ts';
import { type IncidentView, instancePhases, type StackView } from '../../model/view.ts';

export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly values: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

export interface MetricsInput {
  readonly version: string;
  /** Null: the controller doesn't answer just now. */
  readonly view: StackView | null;
  readonly incidents: readonly IncidentView[];
  readonly signals: readonly Sample[];
  readonly api: {
    readonly streams: number;
    readonly droppedStreams: number;
    /** By status class, such as `2xx`. */
    readonly requests: ReadonlyMap<string, number>;
    readonly memoryBytes: number;
  };
}

export function metricsText(input: MetricsInput): string {
  const families = [...apiFamilies(input), ...stackFamilies(input), ...signalFamilies(input)];
  return families.map(familyText).join('');
}

function apiFamilies({ version, view, api }: MetricsInput): Family[] {
  const requests = [...api.requests].map(([status, value]) => ({ labels: { status }, value }));
  return [
    one('daruma_info', 'Version of Daruma; always 1.', 1, { version }),
    one('daruma_controller_up', 'The controller answers.', view === null ? 0 : 1),
    one('daruma_api_streams', 'Who follows live events.', api.streams),
    one('daruma_api_memory_bytes', 'Resident memory of the API process.', api.memoryBytes),
    {
      name: 'daruma_api_streams_dropped_total',
      type: 'counter',
      help: 'Followers that did not keep up.',
      values: [{ labels: {}, value: api.droppedStreams }],
    },
    {
      name: 'daruma_api_requests_total',
      type: 'counter',
      help: 'Requests answered, by class of status.',
      values: requests,
    },
  ];
}

function stackFamilies({ view, incidents }: MetricsInput): Family[] {
  if (view === null) return [];
  const stack = view.name;
  const all = view.services.flatMap((service) =>
    service.instances.map((instance) => ({ service, instance })),
  );
  const ofInstance = (value: (each: (typeof all)[number]) => number) =>
    all.map((each) => ({
      // Prometheus has an `instance` of its own: the address that it scrapes.
      labels: { stack, service: each.service.name, component: each.instance.id },
      value: value(each),
    }));
  const gauge = (name: string, help: string, values: Family['values']): Family => {
    return { name, type: 'gauge', help, values };
  };
  return [
    gauge(
      'daruma_instance_wanted',
      'The instance is wanted up.',
      ofInstance(({ service }) => (service.wanted === 'up' ? 1 : 0)),
    ),
    gauge(
      'daruma_instance_ready',
      'The instance is ready.',
      ofInstance(({ instance }) =>
        instance.phase === 'ready' || instance.phase === 'completed' ? 1 : 0,
      ),
    ),
    gauge(
      'daruma_instance_needs_person',
      'Daruma can’t help it by itself.',
      ofInstance(({ instance }) => (instance.needsPerson ? 1 : 0)),
    ),
    gauge(
      'daruma_instance_role_primary',
      'In a service with failover: it is the primary.',
      all
        .filter(({ instance }) => instance.role !== undefined)
        .map(({ service, instance }) => ({
          labels: { stack, service: service.name, component: instance.id },
          value: instance.role === 'primary' ? 1 : 0,
        })),
    ),
    {
      name: 'daruma_instance_restarts_total',
      type: 'counter',
      help: 'Starts since the stack came up, without the first.',
      values: ofInstance(({ instance }) => instance.restarts),
    },
    gauge(
      'daruma_instances',
      'Instances by phase.',
      instancePhases.map((phase) => ({
        labels: { stack, phase },
        value: all.filter(({ instance }) => instance.phase === phase).length,
      })),
    ),
    one('daruma_store_writable', 'The event log can be written.', view.storeWritable ? 1 : 0, {
      stack,
    }),
    one('daruma_records', 'Records in the event log so far.', view.seq, { stack }),
    ...incidentFamilies(stack, incidents),
  ];
}

function incidentFamilies(stack: string, incidents: readonly IncidentView[]): Family[] {
  const count = (state: (state: IncidentView['state']) => boolean) =>
    incidents.filter((incident) => state(incident.state)).length;
  const last = incidents.find(({ recovered }) => recovered !== null);
  const open = count((state) => state !== 'resolved');
  const needy = count((state) => state === 'needs-person');
  return [
    one('daruma_incidents_open', 'Incidents that are not resolved.', open, { stack }),
    one('daruma_incidents_need_person', 'Incidents that wait for a person.', needy, { stack }),
    ...(last === undefined || last.recovered === null
      ? []
      : [
          one(
            'daruma_last_recovery_seconds',
            'From onset to recovery, of the latest incident that recovered.',
            (last.recovered - last.onset) / 1_000,
            { stack },
          ),
        ]),
  ];
}

function signalFamilies({ signals, view }: MetricsInput): Family[] {
  const stack = view?.name ?? '';
  const values = signals.map(({ component, signal, value }) => ({
    labels: { stack, component, signal },
    value,
  }));
  const help = 'The latest value of each signal; see the reference of signals for their units.';
  return values.length === 0 ? [] : [{ name: 'daruma_signal', type: 'gauge', help, values }];
}

function one(
  name: string,
  help: string,
  value: number,
  labels: Readonly<Record<string, string>> = {},
): Family {
  return { name, type: 'gauge', help, values: [{ labels, value }] };
}

function familyText({ name, type, help, values }: Family): string {
  if (values.length === 0) return '';
  const lines = values.map(({ labels, value }) => `${name}${labelsText(labels)} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
