/**
 * Carries commands out in the model world, by the protocol of `src/controller/actor.ts`: launches
 * are prepared when foreseen and let go by their command; the commands of one instance run one
 * after the other; each ends in exactly one happening. What is under way when the controller is
 * killed goes no further, but signals that were sent have been sent.
 */
import type { Externals } from '../controller/externals.ts';
import type { Command } from '../model/command.ts';
import { type ErrorInfo, errorInfo } from '../model/errors.ts';
import type { Happening } from '../model/event.ts';
import type { ExitInfo } from '../model/exit.ts';
import type { RoleCommand } from '../model/group.ts';
import { type ActionId, type InstanceId, serviceOf } from '../model/ids.ts';
import type { KillPoint } from './case.ts';
import type { ControllerProcess } from './controller-process.ts';
import type { Dice } from './dice.ts';
import type { Eyes } from './eyes.ts';
import { RoleHands } from './groups/role-hands.ts';
import type { Process, World } from './world.ts';

type Of<K extends Command['kind']> = Extract<Command, { readonly kind: K }>;

const prepareMs = 8;
const launchMs = 2;
/** Between the end of a process and our notice of it. */
const noticeMs = 1;
const killedMs = 2_000;
/** To make the mark of a fence durable. */
const markMs = 5;
const unknownExit: ExitInfo = {
  code: null,
  signal: null,
  known: false,
  oom: false,
  lastLines: [],
};

export interface HandsOptions {
  readonly process: ControllerProcess;
  readonly world: World;
  readonly dice: Dice;
  readonly eyes: Eyes;
  readonly externals: Externals;
  readonly tell: (happening: Happening) => void;
  readonly reply: (command: Of<'reply'>) => void;
  readonly pass: (point: KillPoint) => void;
}

export class Hands {
  readonly #options: HandsOptions;
  readonly #roles: RoleHands;
  readonly #preparedAt = new Map<ActionId, number>();
  readonly #queues = new Map<InstanceId, (() => void)[]>();
  /** Processes whose end our own stop brings about; who waits for it. */
  readonly #awaited = new Map<Process, () => void>();
  /** Of which we have not noticed yet that they ended. */
  readonly #unnoticed = new Map<InstanceId, Process>();

  constructor(options: HandsOptions) {
    this.#options = options;
    this.#roles = new RoleHands(options);
  }

  foresee(command: Command): void {
    if (command.kind !== 'start' || this.#queues.has(command.instance)) return;
    this.#preparedAt.set(command.action, this.#options.process.now() + prepareMs);
  }

  run(command: Command): void {
    const { process, eyes, reply, pass } = this.#options;
    pass('before-command');
    if (!process.alive) return;
    if (command.kind === 'start') this.#enqueue(command.instance, () => this.#start(command));
    else if (command.kind === 'stop') this.#enqueue(command.instance, () => this.#stop(command));
    else if (command.kind === 'confirm') eyes.confirm(command.instances, command.timeoutMs);
    else if (command.kind === 'run') this.#run(command);
    else if (command.kind === 'reply') reply(command);
    else if (command.kind === 'route' && command.group !== undefined)
      this.#options.world.replicas.get(command.service)?.route(command.targets, command.group);
    else if (command.kind === 'role' && command.step === 'fence')
      this.#enqueue(command.instance, () => this.#fence(command));
    else if (isRoleCommand(command)) this.#roles.run(command);
  }

  /** A process ended. True: it is no news, a stop of ours waits for it. */
  ended(process: Process): boolean {
    const resume = this.#awaited.get(process);
    if (resume === undefined) {
      this.#unnoticed.set(process.instance, process);
      return false;
    }
    this.#awaited.delete(process);
    this.#options.process.input(noticeMs, resume);
    return true;
  }

  /** We notice its end. False: it is no news any more, a stop of ours has come first. */
  notices(process: Process): boolean {
    if (this.#unnoticed.get(process.instance) !== process) return false;
    return this.#unnoticed.delete(process.instance);
  }

  #enqueue(instance: InstanceId, work: () => void): void {
    const waiting = this.#queues.get(instance);
    if (waiting !== undefined) {
      waiting.push(work);
      return;
    }
    this.#queues.set(instance, []);
    work();
  }

  /** The command at hand is done; the next of its instance begins. */
  #done(instance: InstanceId, happening: Happening): void {
    this.#options.tell(happening);
    this.#next(instance);
  }

  #next(instance: InstanceId): void {
    const next = this.#queues.get(instance)?.shift();
    if (next === undefined) this.#queues.delete(instance);
    else next();
  }

  #start(command: Of<'start'>): void {
    const { instance, action, order } = command;
    const { process, world } = this.#options;
    if (this.#isExternal(instance)) {
      this.#startExternal(instance, action);
      return;
    }
    const running = world.process(instance);
    if (running !== null && !running.stopping) {
      const { pid, port } = running;
      process.input(noticeMs, () =>
        this.#done(instance, { kind: 'started', instance, action, pid, port }),
      );
      return;
    }
    const preparedAt = this.#preparedAt.get(action) ?? process.now() + prepareMs;
    this.#preparedAt.delete(action);
    const replicas = world.replicas.get(serviceOf(instance) ?? '');
    const copyMs = order === undefined ? 0 : (replicas?.prepareMs(instance, order) ?? 0);
    const waitMs = Math.max(0, preparedAt - process.now()) + copyMs;
    process.input(waitMs, () => this.#launch(command));
  }

  #launch({ instance, action, order }: Of<'start'>): void {
    const { process, world, pass } = this.#options;
    const left = world.process(instance);
    if (left !== null && !world.kill(left)) {
      const error = { code: 'START_FAILED', message: 'an earlier run can not be ended' };
      this.#done(instance, { kind: 'start-failed', instance, action, error, retryable: true });
      return;
    }
    const failed = world.startError(instance);
    if (failed !== null) {
      const { message, retryable } = failed;
      const error = { code: 'START_FAILED', message };
      this.#done(instance, { kind: 'start-failed', instance, action, error, retryable });
      return;
    }
    try {
      if (order !== undefined)
        world.replicas.get(serviceOf(instance) ?? '')?.launch(instance, order);
    } catch (thrown) {
      const error = errorInfo(thrown);
      this.#done(instance, { kind: 'start-failed', instance, action, error, retryable: true });
      return;
    }
    const started = world.spawn(instance, process.now());
    pass('after-gate');
    process.input(launchMs, () => this.#launched(started, action));
  }

  #launched(started: Process, action: ActionId): void {
    const { world, eyes } = this.#options;
    const { instance, pid, port } = started;
    const service = world.service(instance);
    const lives = world.process(instance) === started;
    if (service !== null && lives)
      eyes.watch(started, service, { adopted: false, startedAt: started.startedAt });
    this.#done(instance, { kind: 'started', instance, action, pid, port });
  }

  #isExternal(instance: InstanceId): boolean {
    return this.#options.world.service(instance)?.driver === 'external';
  }

  #startExternal(instance: InstanceId, action: ActionId): void {
    this.#options.externals.start(instance).then(
      ({ pid, port }) => this.#done(instance, { kind: 'started', instance, action, pid, port }),
      (thrown: unknown) => {
        const error = errorInfo(thrown);
        this.#done(instance, { kind: 'start-failed', instance, action, error, retryable: true });
      },
    );
  }

  #stopExternal(instance: InstanceId, action: ActionId): void {
    this.#options.externals.stop(instance).then(
      () => this.#done(instance, { kind: 'stopped', instance, action }),
      (thrown: unknown) => {
        const error = errorInfo(thrown);
        this.#done(instance, { kind: 'stop-failed', instance, action, error });
      },
    );
  }

  #stop({ instance, action, hurry }: Of<'stop'>): void {
    const { process, world, eyes, dice } = this.#options;
    eyes.unwatch(instance);
    if (this.#isExternal(instance)) {
      this.#stopExternal(instance, action);
      return;
    }
    const service = world.service(instance);
    const drainMs = hurry ? 0 : (service?.endpoint?.drainMs ?? 0) * dice.next();
    process.input(drainMs, () => {
      const running = world.process(instance);
      const graceMs = hurry ? 0 : (service?.stopGracePeriodMs ?? 10_000);
      const stopped = (): void => this.#done(instance, { kind: 'stopped', instance, action });
      if (running === null) {
        this.#unnoticed.delete(instance);
        stopped();
      } else
        this.#end(running, graceMs, (error) => {
          if (error === null) stopped();
          else this.#done(instance, { kind: 'stop-failed', instance, action, error });
        });
    });
  }

  /** Ends the whole tree, then the mark. */
  #fence(command: Of<'role'>): void {
    const { process, world, eyes } = this.#options;
    const { instance } = command;
    eyes.unwatch(instance);
    process.input(1, () => {
      const running = world.process(instance);
      const graceMs = command.orderly === true ? 10_000 : 0;
      const gone = (error: ErrorInfo | null): void => {
        if (error === null) this.#roles.mark(command);
        else this.#roles.failed(command, error);
        this.#next(instance);
      };
      if (running === null) {
        this.#unnoticed.delete(instance);
        process.input(markMs, () => gone(null));
      } else this.#end(running, graceMs, gone);
    });
  }

  #end(running: Process, graceMs: number, tell: (error: ErrorInfo | null) => void): void {
    const { process, world, pass } = this.#options;
    let over = false;
    const finish = (error: ErrorInfo | null): void => {
      if (over) return;
      over = true;
      this.#awaited.delete(running);
      tell(error);
    };
    this.#awaited.set(running, () => finish(null));
    if (graceMs > 0) world.signal(running);
    pass('after-signal');
    process.input(graceMs, () => {
      if (over || world.kill(running)) return;
      const error = { code: 'STOP_FAILED', message: 'a process could not be ended' };
      process.input(killedMs, () => {
        if (over) return;
        this.#watchAgain(running);
        finish(error);
      });
    });
  }

  /** It could not be ended: what goes on running is watched, and its end, if it came, is told. */
  #watchAgain(running: Process): void {
    const { world, eyes, tell } = this.#options;
    const { instance, startedAt } = running;
    const service = world.service(instance);
    if (world.process(instance) !== running) tell({ kind: 'exited', instance, exit: unknownExit });
    else if (service !== null) eyes.watch(running, service, { adopted: true, startedAt });
  }

  #run({ action, timeoutMs, instance, name }: Of<'run'>): void {
    const { process, world, dice, tell } = this.#options;
    const error = { code: 'ACTION_FAILED', message: 'exited with code 1' };
    process.input(timeoutMs * dice.next(), () => {
      const ok = instance !== null && world.runCommand(name, instance);
      tell({ kind: 'action-finished', action, ok, error: ok ? null : error });
    });
  }
}

function isRoleCommand(command: Command): command is Command & RoleCommand {
  const { kind } = command;
  return kind === 'role' || kind === 'survey' || kind === 'quiesce' || kind === 'release';
}
