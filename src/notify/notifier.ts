/**
 * Tells people of incidents: webhooks, commands, and a heartbeat for when we can't. Never blocks,
 * never throws; what could not be delivered becomes an error record that names the target, not its
 * secrets.
 */
import { hostname } from 'node:os';
import type { ErrorReport } from '../model/error-record.ts';
import type { NotifySpec, NotifyTarget } from '../model/stack-spec.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Notice, Notifier } from '../ports/notifier.ts';
import type { Letter } from './body.ts';
import { type CommandSurroundings, runCommand } from './command.ts';
import { startHeartbeat } from './heartbeat.ts';
import { type DeliveryTiming, Mailbox } from './mailbox.ts';
import { shownUrl } from './secret-url.ts';
import { sendWebhook } from './webhook.ts';

export interface NotifierOptions {
  readonly clock: Clock;
  /** Must not throw. */
  readonly onError: (report: ErrorReport) => void;
  /** For jitter. */
  readonly random?: Random;
  /** For commands; default: as our own. */
  readonly environment?: CommandSurroundings['environment'];
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
  }

  configure(stack: string, specs: readonly NotifySpec[]): void {
    if (this.#closed) return;
    this.#stack = stack;
    const before = this.#mailboxes;
    this.#mailboxes = new Map();
    for (const [index, { targets }] of specs.entries()) {
      for (const target of targets) {
        const key = `${index} ${target.kind} ${target.name}`;
        const mailbox = before.get(key) ?? new Mailbox(target, this.#mailboxOptions());
        mailbox.retarget(target);
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

  /** Waits a moment for messages under way; what is left is told as failed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#restartHeartbeats([]);
    const mailboxes = [...this.#mailboxes.values(), ...this.#retired];
    const end = (): void => {
      for (const mailbox of mailboxes) mailbox.end();
    };
    const cancel = this.#options.clock.after(this.#timing.closeGraceMs, end);
    await Promise.all(mailboxes.map((mailbox) => mailbox.idle()));
    cancel();
  }

  /** Its target is no longer in the stack file; what was given to it still goes out. */
  #retire(mailbox: Mailbox): void {
    this.#retired.add(mailbox);
    void mailbox.idle().then(() => this.#retired.delete(mailbox));
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

  #mailboxOptions(): ConstructorParameters<typeof Mailbox>[1] {
    const { clock, random } = this.#options;
    return {
      clock,
      random: random ?? { next: () => Math.random() },
      timing: this.#timing,
      send: (target, letter, limits) =>
        target.kind === 'webhook'
          ? sendWebhook(clock, target, letter, limits)
          : runCommand(clock, target, letter, this.#surroundings, limits),
      onFailure: (target, letter, text) => this.#tellFailure(target, letter, text),
    };
  }

  #tellFailure(target: NotifyTarget, { notice }: Letter, text: string): void {
    const where = target.kind === 'webhook' ? ` (${shownUrl(target.url)})` : '';
    const what = `message on incident ${notice.incident} to ${target.name}${where}`;
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
