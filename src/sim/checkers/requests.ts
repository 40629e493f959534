/** Every request is answered exactly once, unless the controller died over it. */
import type { LogRecord } from '../../model/record.ts';
import type { Checker, Scene } from '../scene.ts';

export class RequestChecker implements Checker {
  readonly name = 'requests';
  readonly #scene: Scene;
  readonly #waiting = new Set<string>();
  /** In this life of the controller. */
  readonly #answered = new Set<string>();
  /** By the log. */
  readonly #closed = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  asked(id: string): void {
    this.#waiting.add(id);
  }

  replied(id: string): void {
    if (this.#answered.has(id)) this.#scene.complain(this.name, `${id} is answered twice`);
    this.#answered.add(id);
    this.#waiting.delete(id);
  }

  /** Who asked has seen the connection close. */
  reborn(): void {
    this.#waiting.clear();
    this.#answered.clear();
    this.#closed.clear();
  }

  record(record: LogRecord): void {
    if (record.kind !== 'replied') return;
    const { requestId } = record;
    if (this.#closed.has(requestId))
      this.#scene.complain(this.name, `${requestId} is closed twice`);
    this.#closed.add(requestId);
  }

  end(): void {
    for (const id of this.#waiting)
      this.#scene.complain(this.name, `${id} was never answered`, 'liveness');
  }
}
