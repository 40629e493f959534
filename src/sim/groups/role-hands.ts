/** Carries role commands out in the model world, by the protocol of `src/controller/roles.ts`. */
import { errorInfo } from '../../model/errors.ts';
import type { Happening } from '../../model/event.ts';
import type { RoleCommand } from '../../model/group.ts';
import { type InstanceId, serviceOf } from '../../model/ids.ts';
import type { ControllerProcess } from '../controller-process.ts';
import type { Dice } from '../dice.ts';
import type { World } from '../world.ts';
import { Refusal, type Replicas } from './replicas.ts';

type Of<K extends RoleCommand['kind']> = Extract<RoleCommand, { readonly kind: K }>;

export interface RoleHandsOptions {
  readonly process: ControllerProcess;
  readonly world: World;
  readonly dice: Dice;
  readonly tell: (happening: Happening) => void;
}

const admitLimitMs = 30_000;
const admitEveryMs = 100;

export class RoleHands {
  readonly #options: RoleHandsOptions;
  readonly #turns = new Map<InstanceId, (() => void)[]>();

  constructor(options: RoleHandsOptions) {
    this.#options = options;
  }

  /** All but a fence, which has its turn among starts and stops. */
  run(command: RoleCommand): void {
    if (command.kind === 'role') this.#role(command);
    else if (command.kind === 'survey') {
      for (const instance of command.instances) this.#survey(command, instance);
    } else if (command.kind === 'quiesce') this.#quiesce(command);
    else this.#replicas(command.service).quiesce(false);
  }

  /** No process of the instance is left. */
  mark(command: Of<'role'>): void {
    this.#answer(command, () => this.#at(command.instance).fence(command.instance, command.order));
  }

  failed({ step, instance, action, order: { epoch } }: Of<'role'>, thrown: unknown): void {
    const error = errorInfo(thrown);
    this.#options.tell({ kind: 'role-done', step, instance, action, epoch, error });
  }

  #role(command: Of<'role'>): void {
    const { step, instance } = command;
    if (step === 'admit') {
      this.#after(20, () => this.#admit(command));
      return;
    }
    this.#inTurn(instance, () => this.#carryOut(command));
  }

  /** What is under way at a process ends with it. */
  #carryOut(command: Of<'role'>): void {
    const { step, instance, order } = command;
    const replicas = this.#at(instance);
    const { world } = this.#options;
    const run = world.process(instance);
    const ms = step === 'promote' ? 250 : 30;
    this.#after(ms, () => {
      this.#answer(command, () => {
        if (run === null || world.process(instance) !== run) throw new Refusal('it ended');
        if (step === 'promote') replicas.promote(instance, order);
        else if (step === 'follow') replicas.follow(instance, order);
        else replicas.setEligible(instance, order);
      });
      const next = this.#turns.get(instance)?.shift();
      if (next === undefined) this.#turns.delete(instance);
      else next();
    });
  }

  #inTurn(instance: InstanceId, work: () => void): void {
    const waiting = this.#turns.get(instance);
    if (waiting !== undefined) {
      waiting.push(work);
      return;
    }
    this.#turns.set(instance, []);
    work();
  }

  #answer(command: Of<'role'>, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failed(command, error);
      return;
    }
    const { step, instance, action, order } = command;
    const { epoch } = order;
    this.#options.tell({ kind: 'role-done', step, instance, action, epoch, error: null });
  }

  #admit(command: Of<'role'>): void {
    const { instance, order } = command;
    const replicas = this.#at(instance);
    let length: number;
    try {
      length = replicas.beginAdmission(instance, order);
    } catch (error) {
      this.failed(command, error);
      return;
    }
    const until = this.#options.process.now() + admitLimitMs;
    const look = (): void => {
      if (replicas.hasAll(instance, order.primary, length)) this.#answer(command, () => undefined);
      else if (this.#options.process.now() > until) this.failed(command, new Error('timed out'));
      else this.#after(admitEveryMs, look);
    };
    this.#after(admitEveryMs, look);
  }

  #survey({ action, epoch, timeoutMs }: Of<'survey'>, instance: InstanceId): void {
    const told = { kind: 'position' as const, instance, action, epoch };
    const replicas = this.#at(instance);
    this.#after(30, () => {
      try {
        const { position, timeline } = replicas.position(instance);
        const found = { systemId: replicas.service.name, timeline, position };
        this.#options.tell({ ...told, position: found, error: null });
      } catch (thrown) {
        this.#options.process.input(timeoutMs, () =>
          this.#options.tell({ ...told, position: null, error: errorInfo(thrown) }),
        );
      }
    });
  }

  #quiesce({ service, action, limitMs }: Of<'quiesce'>): void {
    this.#replicas(service).quiesce(true);
    const isBusy = this.#options.dice.chance(0.2);
    this.#after(isBusy ? limitMs : 50, () =>
      this.#options.tell({ kind: 'quiesced', service, action, busy: isBusy ? 2 : 0 }),
    );
  }

  #after(ms: number, work: () => void): void {
    this.#options.process.input(ms * this.#options.dice.between(0.5, 2), work);
  }

  #at(instance: InstanceId): Replicas {
    return this.#replicas(serviceOf(instance) ?? '');
  }

  #replicas(service: string): Replicas {
    const found = this.#options.world.replicas.get(service);
    if (found === undefined) throw new Error(`${service} has no failover`);
    return found;
  }
}
