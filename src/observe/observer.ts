/**
 * The observer: watches instances and the host, and tells the engine what begins and ends.
 *
 * Boundary: samples and results of checks stay here; only readiness, suspicion, symptoms, answers
 * to `confirm` and error reports leave. Nothing is told of an instance after its `unwatch`.
 */
import type { HostName, InstanceId } from '../model/ids.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Observer, WatchedInstance } from '../ports/observer.ts';
import type { ExecOptions } from './exec-probe.ts';
import { InstanceWatch } from './instance-watch.ts';
import { Outlet } from './outlet.ts';
import { livingStat } from './procfs.ts';

export interface ObserverOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly host: HostName;
  /** Its disk is measured. */
  readonly stateDir: string;
  /** Of a service's `user:`; throws USER_UNKNOWN. */
  readonly resolveUser: ExecOptions['resolveUser'];
  /** Follows the log of an instance from its end; calls back for each new line, without its line
   * end. Returns how to stop. */
  readonly followLog: (logDir: string, onLine: (line: string) => void) => () => void;
}

const sampleIntervalMs = 1_000;

export function createObserver(options: ObserverOptions): Observer {
  const { clock, random, host, resolveUser } = options;
  const outlet = new Outlet(clock, random, host);
  const watches = new Map<InstanceId, InstanceWatch>();
  let cancelSampling = (): void => undefined;

  const unwatch = (instance: InstanceId): void => {
    watches.get(instance)?.close();
    watches.delete(instance);
  };
  const sample = (): void => {
    for (const watch of watches.values()) {
      const stat = watch.watched.pid === null ? null : livingStat(watch.watched.pid);
      if (stat !== null) watch.sawState(stat.state, false);
    }
    cancelSampling = clock.after(sampleIntervalMs, sample);
  };
  cancelSampling = clock.after(sampleIntervalMs, sample);

  return {
    watch(watched: WatchedInstance) {
      unwatch(watched.instance);
      watches.set(watched.instance, new InstanceWatch(outlet, watched, resolveUser));
    },
    unwatch,
    confirm(instances, timeoutMs) {
      for (const instance of instances) {
        const watch = watches.get(instance);
        if (watch !== undefined) watch.confirm(timeoutMs);
        else outlet.tell({ kind: 'confirmed', instance, healthy: false, evidence: 'not running' });
      }
    },
    slept() {
      for (const watch of watches.values()) watch.slept();
    },
    add(samples) {
      for (const one of samples) outlet.signals.set(one);
    },
    latest: (service) => outlet.signals.list(service),
    onHappening: (listener) => outlet.onHappening(listener),
    onError: (listener) => outlet.onError(listener),
    async close() {
      cancelSampling();
      for (const instance of [...watches.keys()]) unwatch(instance);
    },
  };
}
