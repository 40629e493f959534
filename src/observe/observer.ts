/**
 * The observer: watches instances and the host, and tells the engine what begins and ends.
 *
 * Boundary: samples and results of checks stay here; only readiness, suspicion, symptoms, answers
 * to `confirm` and error reports leave. Nothing is told of an instance after its `unwatch`.
 */
import type { HostName, InstanceId } from '../model/ids.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Observer } from '../ports/observer.ts';
import type { ExecOptions } from './exec-probe.ts';
import { SignalHistory } from './history/history.ts';
import { InstanceWatch } from './instance-watch.ts';
import { LogPlaces } from './log-places.ts';
import type { LogReader } from './log-watch.ts';
import { Outlet } from './outlet.ts';
import { PatternMatcher } from './pattern-matcher.ts';
import { Sampling } from './sampling.ts';

export interface ObserverOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly host: HostName;
  /** Its disk is measured, and how signals went is kept in it. */
  readonly stateDir: string;
  readonly asUser: ExecOptions['asUser'];
  readonly logReader: LogReader;
  /** Where it is kept how far logs were matched. */
  readonly logPlacesFile: string;
  readonly log: (text: string) => void;
}

export function createObserver(options: ObserverOptions): Observer {
  const { clock, random, host, stateDir, asUser, logReader } = options;
  const outlet = new Outlet(clock, random, host);
  const matcher = new PatternMatcher(clock);
  const places = new LogPlaces(options.logPlacesFile, clock);
  const watches = new Map<InstanceId, InstanceWatch>();
  const history = new SignalHistory(`${stateDir}/signals`, options.log);
  const sampling = new Sampling({ outlet, stateDir, watches, history });

  const unwatch = (instance: InstanceId): void => {
    const watch = watches.get(instance);
    if (watch === undefined) return;
    watch.close();
    watches.delete(instance);
    places.forget(instance);
    sampling.forget(watch);
  };

  return {
    watch(watched) {
      unwatch(watched.instance);
      watches.set(
        watched.instance,
        new InstanceWatch({ outlet, matcher, asUser, logReader, places }, watched),
      );
    },
    unwatch,
    confirm(instances, timeoutMs) {
      for (const instance of instances) {
        const watch = watches.get(instance);
        if (watch !== undefined) watch.confirm(timeoutMs);
        else outlet.tell({ kind: 'confirmed', instance, healthy: false, evidence: 'not running' });
      }
    },
    suspect: (instance) => watches.get(instance)?.suspect(),
    slept() {
      for (const watch of watches.values()) watch.slept();
    },
    add(samples) {
      for (const { component, signal, at, value } of samples) {
        outlet.signals.set(component, signal, at, value);
      }
    },
    forget(signals) {
      for (const { component, signal } of signals) outlet.signals.forget(component, signal);
    },
    latest: (service, names) => outlet.signals.list(service, names),
    history: (query) => history.read(query, clock.now()),
    onHappening: (listener) => outlet.onHappening(listener),
    onError: (listener) => outlet.onError(listener),
    async close() {
      sampling.close();
      const placed = places.close();
      matcher.close();
      for (const instance of [...watches.keys()]) unwatch(instance);
      await placed;
    },
  };
}
