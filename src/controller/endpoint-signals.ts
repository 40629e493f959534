/** What the endpoint process counts, as signals of instances. */
import type { InstanceId } from '../model/ids.ts';
import type { Sample } from '../model/sample.ts';
import type { EndpointStats, HttpStats, StatusClass } from '../ports/endpoints.ts';

interface Counted {
  readonly at: number;
  readonly http: HttpStats;
}

const statusClasses: readonly StatusClass[] = ['1xx', '2xx', '3xx', '4xx', '5xx'];

export class EndpointSignals {
  #last = new Map<InstanceId, Counted>();

  /** `at`: stack time. What is not listed is forgotten. */
  samples(stats: readonly EndpointStats[], at: number): Sample[] {
    const before = this.#last;
    this.#last = new Map();
    return stats.flatMap((one) => {
      const { instance, connections, connectSeconds, http } = one;
      const values: [string, number | null][] = [
        ['connections', connections],
        ['connect', connectSeconds],
      ];
      if (http !== undefined) {
        this.#last.set(instance, { at, http });
        values.push(...latencies(http), ...rates(before.get(instance), { at, http }));
      }
      return values.flatMap(([name, value]) =>
        value === null ? [] : [{ at, component: instance, signal: `endpoint.${name}`, value }],
      );
    });
  }
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
