/** One `expr:` symptom of one instance. */
import { initialExpression, observeCondition } from '../detect/expression.ts';
import { type Expression, parseExpression } from '../detect/expression-language.ts';
import { isHostSignal, kindOfSignals } from '../detect/signal-names.ts';
import type { InstanceId } from '../model/ids.ts';
import type { SignalName } from '../model/sample.ts';
import type { SymptomSpec } from '../model/stack-spec.ts';
import type { Outlet, Symptoms } from './outlet.ts';

type ExpressionSpec = Extract<SymptomSpec, { readonly kind: 'expr' }>;

export class ExpressionWatch {
  readonly #outlet: Outlet;
  readonly #symptoms: Symptoms;
  readonly #instance: InstanceId;
  readonly #spec: ExpressionSpec;
  readonly #expression: Expression;
  #state = initialExpression;

  constructor(outlet: Outlet, symptoms: Symptoms, instance: InstanceId, spec: ExpressionSpec) {
    this.#outlet = outlet;
    this.#symptoms = symptoms;
    this.#instance = instance;
    this.#spec = spec;
    this.#expression = parseExpression(spec.expr);
  }

  get signals(): readonly SignalName[] {
    return this.#expression.signals;
  }

  sampled(at: number): void {
    const holds = this.#expression.evaluate((signal) => this.#value(signal));
    const { state, change } = observeCondition(this.#state, this.#spec, { at, holds });
    this.#state = state;
    if (change?.kind === 'ended') this.#symptoms.end(this.#spec.name);
    if (change?.kind === 'began') {
      this.#symptoms.begin({
        name: this.#spec.name,
        kind: kindOfSignals(this.signals),
        began: change.began,
        evidence: this.#evidence(),
        faults: this.#spec.faults,
      });
    }
  }

  #value(signal: SignalName): number | undefined {
    const component = isHostSignal(signal) ? `host:${this.#outlet.host}` : this.#instance;
    return this.#outlet.signals.value(component, signal);
  }

  /** «cpu > 0.9 for 30 s (cpu = 0.97)». */
  #evidence(): string {
    const { expr, forMs } = this.#spec;
    const values = this.signals.map(
      (signal) => `${signal} = ${shown(signal, this.#value(signal))}`,
    );
    return `${expr}${forMs === 0 ? '' : ` for ${forMs / 1_000} s`} (${values.join(', ')})`;
  }
}

function shown(signal: SignalName, value: number | undefined): string {
  if (value === undefined) return 'unknown';
  if (/memory\.(rss|pss|available)|disk\.free/.test(signal)) {
    return `${(value / 2 ** 20).toFixed(0)} MiB`;
  }
  return String(Number(value.toPrecision(3)));
}
