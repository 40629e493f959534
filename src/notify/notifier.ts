/**
 * Tells people of incidents: webhooks, mail, commands and the services that call people; and a
 * heartbeat for when we can't. Never blocks, never throws; what could not be delivered becomes an
 * error record that names the target, not its secrets.
 */
import { hostname } from 'node:os';
import type { ErrorReport } from '../model/error-record.ts';
import { DarumaError } from '../model/errors.ts';
import type { IncidentId } from '../model/ids.ts';
import type { NotificationTarget, TestedTarget } from '../model/notification.ts';
import type { NotifySpec, NotifyTarget } from '../model/notify-spec.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Notice, Notifier } from '../ports/notifier.ts';
import { readSecret } from '../ports/secret.ts';
import type { Letter } from './body.ts';
import type { CommandSurroundings } from './command.ts';
import { startHeartbeat } from './heartbeat.ts';
import { type DeliveryTiming, Mailbox, type MailboxOptions } from './mailbox.ts';
import { bookOf, Memory, type NotifierMemory } from './memory.ts';
import { send } from './send.ts';
import type { Sending } from './sending.ts';
import { kindText, shownPlace, shownQuietHours } from './target-view.ts';

export interface NotifierOptions {
  readonly clock: Clock;
  /** Must not throw. */
  readonly onError: (report: ErrorReport) => void;
  /** Absent: nothing is kept over the end of the controller. */
  readonly memory?: NotifierMemory;
  /** For jitter. */
  readonly random?: Random;
  /** For commands; default: as our own. */
  readonly environment?: CommandSurroundings['environment'];
  /** Where secrets are that the stack file names; default: our own environment. */
  readonly variable?: (name: string) => string | undefined;
  readonly workingDir?: string;
  readonly timing?: Partial<NotifierTiming>;
}

export interface NotifierTiming extends DeliveryTiming {
  /** How long `close` waits for messages under way. */
  readonly closeGraceMs: number;
}

const defaultTiming: NotifierTiming = {
  attemptTimeoutMs: 10_000,
  backoffInitialMs: 500,
  backoffMaxMs: 30_000,
  deadlineMs: 600_000,
  closeGraceMs: 2000,
};

export function createNotifier(options: NotifierOptions): Notifier {
  return new TargetsNotifier(options);
}

class TargetsNotifier implements Notifier {
  readonly #options: NotifierOptions;
  readonly #timing: NotifierTiming;
  readonly #surroundings: CommandSurroundings;
  readonly #sending: Sending;
  readonly #memory: Memory;
  /** By place and name, so that messages under way survive a change of the stack file. */
  #mailboxes = new Map<string, Mailbox>();
  #retired = new Set<Mailbox>();
  #heartbeats: (() => void)[] = [];
  #stack = '';
  #closed = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#timing = { ...defaultTiming, ...options.timing };
    this.#surroundings = {
      environment: options.environment ?? process.env,
      workingDir: options.workingDir ?? process.cwd(),
    };
    this.#sending = {
      clock: options.clock,
      host: hostname(),
      secret: (spec, what) => readSecret(spec, what, options.variable),
    };
    this.#memory = new Memory({
      memory: options.memory ?? null,
      books: () => this.#books(),
      onForgotten: (text) => this.#report('NOTIFY_FAILED', text),
    });
  }

  configure(
    stack: string,
    specs: readonly NotifySpec[],
    open: ReadonlySet<IncidentId> | null = null,
  ): void {
    if (this.#closed) return;
    this.#stack = stack;
    const before = this.#mailboxes;
    const kept = this.#memory.kept;
    this.#mailboxes = new Map();
    for (const [index, { targets }] of specs.entries()) {
      for (const target of targets) {
        const key = `${index} ${target.kind} ${target.name}`;
        const mailbox =
          before.get(key) ?? new Mailbox(target, bookOf(kept, key), this.#mailboxOptions());
        mailbox.retarget(target);
        if (open !== null) mailbox.endAllBut(open);
        this.#mailboxes.set(key, mailbox);
        before.delete(key);
      }
    }
    for (const mailbox of before.values()) this.#retire(mailbox);
    this.#restartHeartbeats(specs);
  }

  notify(notice: Notice): void {
    if (this.#closed) return;
    for (const mailbox of this.#mailboxes.values()) mailbox.put(this.#stack, notice);
  }

  targets(): readonly NotificationTarget[] {
    const at = this.#options.clock.now();
    return [...this.#mailboxes.values()].map(({ target, last, heldCount, waitingCount }) => ({
      name: target.name,
      kind: kindText(target),
      to: shownPlace(target),
      minSeverity: target.minSeverity,
      services: target.services ?? null,
      quietHours: (target.quietHours ?? []).map((span) => shownQuietHours(span, at)),
      held: heldCount,
      waiting: waitingCount,
      last,
    }));
  }

  async test(name: string | null): Promise<readonly TestedTarget[]> {
    const all = [...this.#mailboxes.values()];
    const chosen = all.filter(({ target }) => name === null || target.name === name);
    if (name !== null && chosen.length === 0) {
      const names = all.map(({ target }) => target.name).join(', ');
      const there = names === '' ? 'the stack file names none' : `there are: ${names}`;
      throw new DarumaError('NOT_FOUND', `nobody «${name}» to tell; ${there}`);
    }
    return Promise.all(chosen.map((mailbox) => mailbox.test(this.#stack)));
  }

  /** Waits a moment for messages under way; what is left is kept, or told as failed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#restartHeartbeats([]);
    const mailboxes = [...this.#mailboxes.values(), ...this.#retired];
    for (const mailbox of mailboxes) mailbox.rest();
    const end = (): void => {
      for (const mailbox of mailboxes) mailbox.end();
    };
    const cancel = this.#options.clock.after(this.#timing.closeGraceMs, end);
    await Promise.all(mailboxes.map((mailbox) => mailbox.idle()));
    cancel();
    await this.#memoryKept();
  }

  /** A disk that hangs keeps us from ending only so long. */
  async #memoryKept(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(this.#timing.closeGraceMs, resolve);
    await Promise.race([this.#memory.settled(), promise]);
    cancel();
  }

  /** Its target is no longer in the stack file; what was given to it still goes out. */
  #retire(mailbox: Mailbox): void {
    mailbox.rest();
    this.#retired.add(mailbox);
    void mailbox.idle().then(() => this.#retired.delete(mailbox));
  }

  #books() {
    return Object.fromEntries([...this.#mailboxes].map(([key, box]) => [key, box.kept()]));
  }

  #restartHeartbeats(specs: readonly NotifySpec[]): void {
    for (const end of this.#heartbeats) end();
    this.#heartbeats = specs
      .map(({ heartbeat }) => heartbeat)
      .filter((heartbeat) => heartbeat !== null)
      .map((heartbeat) =>
        startHeartbeat({
          clock: this.#options.clock,
          ...heartbeat,
          timeoutMs: this.#timing.attemptTimeoutMs,
          onFailure: (text) => this.#report('HEARTBEAT_FAILED', text),
        }),
      );
  }

  #mailboxOptions(): MailboxOptions {
    const { clock, random, memory } = this.#options;
    return {
      clock,
      random: random ?? { next: () => Math.random() },
      timing: this.#timing,
      send: (target, letter, limits) =>
        send(this.#sending, this.#surroundings, target, letter, limits),
      onFailure: (target, letter, text) => this.#tellFailure(target, letter, text),
      onChange: () => this.#memory.touch(),
      goesOnLater: memory !== undefined,
    };
  }

  #tellFailure(target: NotifyTarget, { notice }: Letter, text: string): void {
    const where = target.kind === 'command' ? '' : ` (${shownPlace(target)})`;
    const about = notice.incident === 'summary' ? 'summary' : `incident ${notice.incident}`;
    const what = `message on ${about} to ${target.name}${where}`;
    this.#report('NOTIFY_FAILED', `${what} was not delivered: ${text}`);
  }

  #report(code: string, message: string): void {
    const origin = { service: null, instance: null, host: hostname() };
    this.#options.onError({
      at: this.#options.clock.now(),
      code,
      message,
      origin,
      source: 'daruma',
    });
  }
}
