/** What is told of both addresses of a service together. */
import type { EndpointStats, HeldStats, HttpStats, StatusClass } from '../ports/endpoints.ts';

/** One for each instance, in the order in which they came. */
export function joined(all: readonly EndpointStats[]): EndpointStats[] {
  const byInstance = new Map<string, EndpointStats>();
  for (const one of all) {
    const other = byInstance.get(one.instance);
    byInstance.set(one.instance, other === undefined ? one : sum(other, one));
  }
  return [...byInstance.values()];
}

/** One for each service. */
export function joinedHeld(all: readonly HeldStats[]): HeldStats[] {
  const byService = new Map<string, HeldStats>();
  for (const one of all) {
    const { connections = 0, longestSeconds = 0 } = byService.get(one.service) ?? {};
    byService.set(one.service, {
      service: one.service,
      connections: connections + one.connections,
      longestSeconds: Math.max(longestSeconds, one.longestSeconds),
    });
  }
  return [...byService.values()];
}

function sum(a: EndpointStats, b: EndpointStats): EndpointStats {
  const http = a.http !== undefined && b.http !== undefined ? sumHttp(a.http, b.http) : a.http;
  return {
    ...a,
    connections: a.connections + b.connections,
    accepted: a.accepted + b.accepted,
    refused: a.refused + b.refused,
    connectSeconds: longer(a.connectSeconds, b.connectSeconds),
    ...(http === undefined ? {} : { http }),
  };
}

function sumHttp(a: HttpStats, b: HttpStats): HttpStats {
  const classes = (name: StatusClass) => a.statusClasses[name] + b.statusClasses[name];
  return {
    requests: a.requests + b.requests,
    unanswered: a.unanswered + b.unanswered,
    statusClasses: {
      '1xx': classes('1xx'),
      '2xx': classes('2xx'),
      '3xx': classes('3xx'),
      '4xx': classes('4xx'),
      '5xx': classes('5xx'),
    },
    latencySeconds: {
      p50: longer(a.latencySeconds.p50, b.latencySeconds.p50),
      p95: longer(a.latencySeconds.p95, b.latencySeconds.p95),
      p99: longer(a.latencySeconds.p99, b.latencySeconds.p99),
    },
  };
}

function longer(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
