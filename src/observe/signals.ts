/** The latest value of each signal of each component. */
import { type ComponentId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { Sample, SignalName } from '../model/sample.ts';

/** Written over: thousands of values come each second, and hardly anybody looks at them. */
interface Latest {
  at: number;
  value: number;
}

export class SignalTable {
  readonly #components = new Map<ComponentId, Map<SignalName, Latest>>();

  set(component: ComponentId, signal: SignalName, at: number, value: number): void {
    let signals = this.#components.get(component);
    if (signals === undefined) {
      signals = new Map();
      this.#components.set(component, signals);
    }
    const known = signals.get(signal);
    if (known === undefined) {
      signals.set(signal, { at, value });
    } else {
      known.at = at;
      known.value = value;
    }
  }

  value(component: ComponentId, signal: SignalName): number | undefined {
    return this.#components.get(component)?.get(signal)?.value;
  }

  /** Each second: iterators would make an entry of each of thousands. */
  each(visit: (component: ComponentId, signal: SignalName, value: number) => void): void {
    this.#components.forEach((signals, component) => {
      signals.forEach(({ value }, signal) => {
        visit(component, signal, value);
      });
    });
  }

  /** Of one service's components, or of all; all signals, or these. */
  list(service?: ServiceName, names?: readonly SignalName[]): Sample[] {
    const samples: Sample[] = [];
    for (const [component, signals] of this.#components) {
      if (service !== undefined && serviceOf(component) !== service) continue;
      for (const signal of names ?? signals.keys()) {
        const latest = signals.get(signal);
        if (latest !== undefined) samples.push({ component, signal, ...latest });
      }
    }
    return samples;
  }

  /** It is not known any more. */
  forget(component: ComponentId, signal: SignalName): void {
    this.#components.get(component)?.delete(signal);
  }

  drop(component: ComponentId): void {
    this.#components.delete(component);
  }
}
