/** Where the parts of the observer bring what they found, and what all of them need. */
import type { ErrorReport } from '../model/error-record.ts';
import type { Happening } from '../model/event.ts';
import { type ComponentId, type HostName, isInstance, serviceOf } from '../model/ids.ts';
import type { SignalName } from '../model/sample.ts';
import { type Symptom, symptomId } from '../model/symptom.ts';
import type { Clock, Random } from '../ports/clock.ts';
import { SignalTable } from './signals.ts';
import { Turns } from './turns.ts';

export class Outlet {
  readonly clock: Clock;
  readonly random: Random;
  readonly host: HostName;
  readonly turns: Turns;
  readonly signals = new SignalTable();
  readonly #happeningListeners: ((happening: Happening) => void)[] = [];
  readonly #errorListeners: ((report: ErrorReport) => void)[] = [];

  constructor(clock: Clock, random: Random, host: HostName) {
    this.clock = clock;
    this.turns = new Turns(clock);
    this.random = random;
    this.host = host;
  }

  onHappening(listener: (happening: Happening) => void): void {
    this.#happeningListeners.push(listener);
  }

  onError(listener: (report: ErrorReport) => void): void {
    this.#errorListeners.push(listener);
  }

  tell(happening: Happening): void {
    for (const listener of this.#happeningListeners) listener(happening);
  }

  report(
    component: ComponentId,
    source: ErrorReport['source'],
    code: string,
    message: string,
  ): void {
    const instance = isInstance(component) ? component : null;
    const origin = { service: serviceOf(component), instance, host: this.host };
    const report = { at: this.clock.now(), code, message, origin, source };
    for (const listener of this.#errorListeners) listener(report);
  }

  /** `at`: of many values that are measured at once the clock is read once. */
  measure(component: ComponentId, signal: SignalName, value: number, at = this.clock.now()): void {
    this.signals.set(component, signal, at, value);
  }
}

/** The symptoms that hold at one component; tells their beginnings and ends, each once. */
export class Symptoms {
  readonly #outlet: Outlet;
  readonly #component: ComponentId;
  readonly #holding = new Set<string>();
  #closed = false;

  constructor(outlet: Outlet, component: ComponentId) {
    this.#outlet = outlet;
    this.#component = component;
  }

  holds(name: string): boolean {
    return this.#holding.has(name);
  }

  begin(symptom: Omit<Symptom, 'id' | 'component'>): void {
    if (this.#closed || this.#holding.has(symptom.name)) return;
    this.#holding.add(symptom.name);
    const id = symptomId(this.#component, symptom.name);
    this.#outlet.tell({
      kind: 'symptom-began',
      symptom: { id, component: this.#component, ...symptom },
    });
  }

  end(name: string): void {
    if (this.#closed || !this.#holding.delete(name)) return;
    this.#outlet.tell({ kind: 'symptom-ended', id: symptomId(this.#component, name) });
  }

  /** Nothing is told any more. */
  close(): void {
    this.#closed = true;
  }
}
