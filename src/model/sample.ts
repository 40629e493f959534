/** Measured quantities. */
import type { ComponentId } from './ids.ts';

/**
 * Signals of an instance (whole process tree) and what they mean; the names that expressions use.
 * - `cpu`: share of one core, 1 = one core busy. `memory.rss`, `memory.pss`: bytes.
 * - `threads`, `descriptors`, `processes`: counts. `io.read`, `io.write`: bytes per second.
 * - `uptime`: seconds. `restarts`: count.
 * - `health.latency`: seconds, of the last check. `endpoint.connections`, `endpoint.connect`:
 *   open connections; seconds to connect (median of the last second).
 * - With `protocol: http`: `endpoint.requests`, `endpoint.unanswered`, `endpoint.status_1xx` …
 *   `status_5xx`: per second; `endpoint.latency.p50`, `p95`, `p99`: seconds to the first byte.
 * - Of a service: `endpoint.held`, `endpoint.held_longest`: connections (with `protocol: http`:
 *   requests) that wait for an instance; seconds that the first of them has waited.
 * - Of a standby: `replication.lag_bytes`: how much of the primary's log it does not have yet.
 * - `check.LABEL`: a value that a Nagios check printed, in seconds, bytes or as a share of one.
 * - `pressure.cpu`, `pressure.memory`, `pressure.io`: PSI «some», share of the last 10 s.
 * - `host.cpu`, `host.memory.available`, `host.load1`, `host.disk.free` (of the state directory).
 */
export type SignalName = string;

export interface Sample {
  readonly at: number;
  readonly component: ComponentId;
  readonly signal: SignalName;
  readonly value: number;
}
