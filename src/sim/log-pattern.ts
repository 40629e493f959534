/** A log pattern of one instance, as `src/observe/log-watch.ts` wires the real detector. */
import { initialLog, type LogStep, observeMatch, observeQuiet } from '../detect/log-pattern.ts';
import type { SymptomSpec } from '../model/stack-spec.ts';
import type { Outlet, Symptoms } from '../observe/outlet.ts';

type LogSpec = Extract<SymptomSpec, { readonly kind: 'log' }>;

export class LogPattern {
  readonly #outlet: Outlet;
  readonly #symptoms: Symptoms;
  readonly #spec: LogSpec;
  #state = initialLog;
  #cancelQuiet: (() => void) | null = null;

  constructor(outlet: Outlet, symptoms: Symptoms, spec: LogSpec) {
    this.#outlet = outlet;
    this.#symptoms = symptoms;
    this.#spec = spec;
  }

  matched(): void {
    this.#take(observeMatch(this.#state, this.#spec, this.#outlet.clock.now()));
    if (this.#state.firing && this.#cancelQuiet === null) this.#lookQuiet();
  }

  close(): void {
    this.#cancelQuiet?.();
  }

  #lookQuiet(): void {
    const { clock } = this.#outlet;
    this.#take(observeQuiet(this.#state, this.#spec, clock.now()));
    this.#cancelQuiet = this.#state.firing
      ? clock.after(this.#spec.quietMs, () => this.#lookQuiet())
      : null;
  }

  #take({ state, change }: LogStep): void {
    const { name, pattern, faults } = this.#spec;
    this.#state = state;
    if (change?.kind === 'ended') this.#symptoms.end(name);
    if (change?.kind !== 'began') return;
    const evidence = `log matched /${pattern}/`;
    this.#symptoms.begin({ name, kind: 'log', began: change.began, evidence, faults });
  }
}
