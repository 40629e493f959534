/** The latest value of each signal of each component. */
import { type ComponentId, type ServiceName, serviceOf } from '../model/ids.ts';
import type { Sample, SignalName } from '../model/sample.ts';

export class SignalTable {
  readonly #components = new Map<ComponentId, Map<SignalName, Sample>>();

  set(sample: Sample): void {
    let signals = this.#components.get(sample.component);
    if (signals === undefined) {
      signals = new Map();
      this.#components.set(sample.component, signals);
    }
    signals.set(sample.signal, sample);
  }

  value(component: ComponentId, signal: SignalName): number | undefined {
    return this.#components.get(component)?.get(signal)?.value;
  }

  /** Of one service's components, or of all. */
  list(service?: ServiceName): Sample[] {
    const samples: Sample[] = [];
    for (const [component, signals] of this.#components) {
      if (service === undefined || serviceOf(component) === service) {
        samples.push(...signals.values());
      }
    }
    return samples;
  }

  drop(component: ComponentId): void {
    this.#components.delete(component);
  }
}
