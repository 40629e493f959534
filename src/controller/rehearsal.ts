/**
 * Lets the engine decide on exits that never happened, so that its code is compiled when the first
 * real one comes: that takes it ten times as long the first time, and twice as long for a while.
 * The engine is pure, so all that is left of a rehearsal is warmth.
 */
import { setFlagsFromString } from 'node:v8';
import { type EngineState, initialState, nextTimer, step } from '../engine/index.ts';
import type { Command } from '../model/command.ts';
import { errorInfo } from '../model/errors.ts';
import type { EngineEvent, Happening } from '../model/event.ts';
import { type InstanceId, instanceId } from '../model/ids.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { Clock } from '../ports/clock.ts';

/** Starting the stack goes first. */
const delayMs = 3_000;
const exits = 400;
/** Nobody waits longer than this for a rehearsal; in between the loop gets far more time. */
const sliceMs = 3;
const pauseMs = 50;
/** From one exit to the next, in the time of the play: each is a fault of its own. */
const calmMs = 3_600_000;
const timersMax = 100;

/** What runs once in a long while is to be ready: what is called from now on is compiled at its
 * first call, and kept. Costs two megabytes; a restart takes a third less. */
/** Well before the play ends, what it calls is compiled as for heavy use. */
const compiledEarly = '--invocation-count-for-maglev=50';
const compiledAsUsual = '--invocation-count-for-maglev=400';
const readiness = ['--always-sparkplug', '--no-lazy-feedback-allocation', '--no-flush-bytecode'];

/** Returns how to end it early. */
export function rehearse(spec: StackSpec, clock: Clock, log: (text: string) => void): () => void {
  let cancel = (): void => undefined;
  const begin = (): void => {
    for (const flag of [...readiness, compiledEarly]) setFlagsFromString(flag);
    const play = playOf(spec);
    if (play !== null) slice(play);
  };
  const slice = (play: Play): void => {
    const end = clock.now() + sliceMs;
    try {
      while (play.exits < exits && clock.now() < end) play.exit();
    } catch (error) {
      log(`rehearsal: ${errorInfo(error).message}`);
      return;
    }
    if (play.exits < exits) cancel = clock.after(pauseMs, () => slice(play));
    else setFlagsFromString(compiledAsUsual);
  };
  cancel = clock.after(delayMs, begin);
  return () => cancel();
}

/** One instance of one service of the stack, standing alone. Null: there is none that we start. */
export function playOf(spec: StackSpec): Play | null {
  const service = spec.services.find(({ driver }) => driver !== 'external');
  if (service === undefined) return null;
  const alone = { ...service, mode: 'act' as const, dependsOn: [], replicas: 1 };
  return new Play({ ...spec, mode: 'act', services: [alone] }, instanceId(service.name, 1));
}

class Play {
  exits = 0;
  readonly state: EngineState = initialState();
  readonly #instance: InstanceId;
  #at = 0;

  constructor(spec: StackSpec, instance: InstanceId) {
    this.#instance = instance;
    this.#tell({ kind: 'configured', spec });
    this.#tell({ kind: 'requested', requestId: 'play', by: 'daruma', request: { kind: 'up' } });
    this.#settle();
  }

  /** It is killed, started again, and all that follows from that comes to its end. */
  exit(): void {
    this.exits += 1;
    this.#at += calmMs;
    const status = { code: null, signal: 'SIGKILL', known: true, oom: false, lastLines: [] };
    this.#tell({ kind: 'exited', instance: this.#instance, exit: status });
    this.#settle();
  }

  #settle(): void {
    for (let count = 0; count < timersMax; count += 1) {
      const next = nextTimer(this.state);
      if (next === null) return;
      this.#at = Math.max(this.#at, next.due);
      this.#tell({ kind: 'timer', timer: next.timer });
    }
  }

  #tell(happening: Happening): void {
    this.#at += 1;
    const { commands } = step(this.state, {
      ...happening,
      at: this.#at,
      random: 0.5,
    } as EngineEvent);
    for (const command of commands) this.#carryOut(command);
  }

  #carryOut(command: Command): void {
    if (command.kind === 'start') {
      const { instance, action } = command;
      this.#tell({ kind: 'started', instance, action, pid: 2, port: 20_000 });
      this.#tell({ kind: 'ready', instance });
    } else if (command.kind === 'stop') {
      const { instance, action } = command;
      this.#tell({ kind: 'stopped', instance, action });
    } else if (command.kind === 'run') {
      const { action } = command;
      this.#tell({ kind: 'action-finished', action, ok: true, error: null });
    }
  }
}
