/** What the endpoint process counts, as signals of instances and services. */
import type { ComponentId, InstanceId } from '../model/ids.ts';
import type { Sample, SignalName } from '../model/sample.ts';
import type { EndpointStats, HeldStats, HttpStats, StatusClass } from '../ports/endpoints.ts';

interface Counted {
  readonly at: number;
  readonly http: HttpStats;
}

export interface EndpointSamples {
  readonly samples: readonly Sample[];
  /** Told the last time, and not known any more. */
  readonly ended: readonly Pick<Sample, 'component' | 'signal'>[];
}

type Values = readonly (readonly [name: string, value: number | null])[];

const statusClasses: readonly StatusClass[] = ['1xx', '2xx', '3xx', '4xx', '5xx'];

export class EndpointSignals {
  #last = new Map<InstanceId, Counted>();
  #told = new Map<string, Pick<Sample, 'component' | 'signal'>>();

  /** `at`: stack time. */
  next(stats: readonly EndpointStats[], held: readonly HeldStats[], at: number): EndpointSamples {
    const before = this.#last;
    this.#last = new Map();
    const samples = [
      ...stats.flatMap((one) => samplesOf(one.instance, at, this.#values(one, before, at))),
      ...held.flatMap((one) => samplesOf(one.service, at, valuesOf(one))),
    ];
    const told = new Map(samples.map((one) => [`${one.component} ${one.signal}`, one]));
    const ended = [...this.#told].flatMap(([key, one]) => (told.has(key) ? [] : [one]));
    this.#told = told;
    return { samples, ended };
  }

  #values(one: EndpointStats, before: ReadonlyMap<InstanceId, Counted>, at: number): Values {
    const { instance, connections, connectSeconds, http } = one;
    const values = [['connections', connections] as const, ['connect', connectSeconds] as const];
    if (http === undefined) return values;
    this.#last.set(instance, { at, http });
    return [...values, ...latencies(http), ...rates(before.get(instance), { at, http })];
  }
}

function valuesOf({ connections, longestSeconds }: HeldStats): Values {
  return [
    ['held', connections],
    ['held_longest', longestSeconds],
  ];
}

function samplesOf(component: ComponentId, at: number, values: Values): Sample[] {
  return values.flatMap(([name, value]) => {
    const signal: SignalName = `endpoint.${name}`;
    return value === null ? [] : [{ at, component, signal, value }];
  });
}

function latencies({ latencySeconds }: HttpStats): [string, number | null][] {
  return Object.entries(latencySeconds).map(([name, value]) => [`latency.${name}`, value]);
}

/** Per second, since the last time; nothing when an endpoint process began to count anew. */
function rates(before: Counted | undefined, now: Counted): [string, number][] {
  const seconds = (now.at - (before?.at ?? now.at)) / 1_000;
  if (before === undefined || seconds <= 0 || now.http.requests < before.http.requests) return [];
  const rate = (count: (http: HttpStats) => number) =>
    (count(now.http) - count(before.http)) / seconds;
  return [
    ['requests', rate((http) => http.requests)],
    ['unanswered', rate((http) => http.unanswered)],
    ...statusClasses.map((name): [string, number] => [
      `status_${name}`,
      rate((http) => http.statusClasses[name]),
    ]),
  ];
}
