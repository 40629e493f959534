/** No action without evidence, and nothing started or stopped that nobody decided on. */
import type { Command } from '../../model/command.ts';
import type { EngineEvent } from '../../model/event.ts';
import type { LogRecord } from '../../model/record.ts';
import type { KnownIncident } from '../ledger.ts';
import type { Checker, Scene } from '../scene.ts';

export class EvidenceChecker implements Checker {
  readonly name = 'evidence';
  readonly #scene: Scene;
  /** Ids of symptoms that something outside the engine gave reason for. */
  readonly #told = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  event(event: EngineEvent): void {
    if (event.kind === 'symptom-began') this.#told.add(event.symptom.id);
    if (event.kind === 'exited') this.#told.add(`${event.instance}#exit`);
    if (event.kind === 'found' && !event.running) this.#told.add(`${event.instance}#exit`);
    if (event.kind === 'start-failed') this.#told.add(`${event.instance}#start`);
    // What a role was seen to be, or could not be made, the engine tells itself.
    if (event.kind === 'role-seen' || event.kind === 'role-done')
      this.#told.add(`${event.instance}#role`);
    if (event.kind === 'stop-failed') this.#told.add(`${event.instance}#exit`);
    // An action's time is up and its instance was never ready.
    if (event.kind === 'timer' && event.timer.startsWith('effect:')) {
      const action = this.#scene.ledger.actions.get(event.timer.slice(7) as `a${number}`);
      if (action !== undefined) this.#told.add(`${action.planned.target}#health`);
    }
  }

  record(record: LogRecord): void {
    if (record.kind === 'action-begun' && !this.#scene.ledger.actions.has(record.action))
      this.#complain(`${record.action} was begun unplanned`);
    const begun = this.#scene.begun(record);
    if (begun === null) return;
    const { kind, target, reason } = begun.planned;
    if (kind === 'wait' || kind === 'ask-person') return;
    if (reason === '') this.#complain(`${kind} ${target} has no reason`);
    if (kind !== 'put-back' && !this.#hasEvidence(begun.incident))
      this.#complain(`${kind} ${target}: nothing was seen that speaks for it`);
  }

  command(command: Command): void {
    if (command.kind !== 'stop' && command.kind !== 'start' && command.kind !== 'run') return;
    const { ledger } = this.#scene;
    const action = ledger.actions.get(command.action);
    if (action !== undefined && action.begunAt !== null) return;
    if (command.kind === 'run') {
      this.#complain(`run ${command.name} was not begun`);
      return;
    }
    const { wanted } = ledger.instance(command.instance);
    // A wish may have changed after the command was given, while it waited for the disk.
    if (command.kind === 'stop' && wanted && action === undefined && !this.#mayLag(command))
      this.#complain(`stop ${command.instance}, which is wanted, without an action`);
    if (command.kind === 'start' && !wanted && !this.#mayLag(command))
      this.#complain(`start ${command.instance}, which is not wanted`);
  }

  #mayLag({ instance, action }: Extract<Command, { kind: 'start' | 'stop' }>): boolean {
    const asked = this.#asked.get(action);
    return asked === instance;
  }

  /** Starts and stops that were right when they were decided. */
  readonly #asked = new Map<string, string>();

  /** To be called with the commands of a step, before they run. */
  decided(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.kind !== 'start' && command.kind !== 'stop') continue;
      const { wanted } = this.#scene.ledger.instance(command.instance);
      if (wanted === (command.kind === 'start')) this.#asked.set(command.action, command.instance);
    }
  }

  #hasEvidence(incident: KnownIncident | null): boolean {
    const symptoms = incident?.symptoms ?? [];
    return [...symptoms].some((id) => this.#told.has(id));
  }

  #complain(text: string): void {
    this.#scene.complain(this.name, text);
  }
}
