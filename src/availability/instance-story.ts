/** What the log says of one instance: whether it is wanted, and whether it serves. */
import type { LogRecord } from '../model/record.ts';
import type { Symptom, SymptomKind } from '../model/symptom.ts';

type Told = Extract<LogRecord, { readonly instance: unknown }>;

const failing: ReadonlySet<SymptomKind> = new Set([
  'health-timeout',
  'health-refused',
  'health-failed',
  'unready',
  'stopped',
]);

export class InstanceStory {
  wanted: boolean;
  /** Nothing told of it yet; the log does not reach back to its start. */
  assumed: boolean;
  #phase: 'out' | 'ready' | 'stopping' | 'completed';
  #pid: number | null = null;
  #wasReady = false;
  readonly #failing = new Set<string>();

  /** `assumed`: it is taken to serve until the log says otherwise. */
  constructor(assumed: boolean, wanted: boolean) {
    this.assumed = assumed;
    this.wanted = wanted;
    this.#phase = assumed ? 'ready' : 'out';
  }

  /** Ready and not failing its checks, or completed as it should. */
  get serves(): boolean {
    return this.#phase === 'completed' || (this.#phase === 'ready' && this.#failing.size === 0);
  }

  /** True: what was assumed of it was wrong. */
  note(record: Told): boolean {
    const told = phaseTold(record);
    if (told === null) return false;
    const wrong = this.assumed && told === 'comes-up';
    this.assumed = false;
    switch (record.kind) {
      case 'instance-adopted':
        if (this.#phase !== 'ready' || (this.#pid !== null && this.#pid !== record.pid))
          this.#phase = 'out';
        this.#pid = record.pid;
        return false;
      case 'instance-started':
        this.#pid = record.pid;
        return wrong;
      case 'instance-ready':
        this.#phase = 'ready';
        return wrong;
      case 'instance-stopping':
        if (this.#phase !== 'stopping') this.#wasReady = this.#phase === 'ready';
        this.#phase = 'stopping';
        return false;
      case 'instance-stop-failed':
        this.#phase = this.#wasReady ? 'ready' : 'out';
        return false;
      case 'instance-exited':
        this.#wasReady = false;
        if (this.#phase === 'stopping') return false;
        this.#phase = record.expected && this.wanted ? 'completed' : 'out';
        return false;
      default:
        this.#phase = 'out';
        return wrong;
    }
  }

  began(symptom: Symptom): void {
    if (failing.has(symptom.kind)) this.#failing.add(symptom.id);
  }

  ended(symptom: string): void {
    this.#failing.delete(symptom);
  }
}

/** `comes-up`: it did not serve before, or nobody knew. Null: it says nothing of that. */
function phaseTold({ kind }: Told): 'comes-up' | 'served' | null {
  switch (kind) {
    case 'instance-starting':
    case 'instance-started':
    case 'instance-ready':
    case 'instance-held':
    case 'instance-start-failed':
      return 'comes-up';
    case 'instance-adopted':
    case 'instance-stopping':
    case 'instance-stop-failed':
    case 'instance-stopped':
    case 'instance-exited':
      return 'served';
    default:
      return null;
  }
}
