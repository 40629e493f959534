/**
 * The load and its book.
 *
 * 1. An account is «acknowledged» from the moment its registration was answered with 201.
 * 2. A registration without an answer is open: at the end it is asked again with the same id, and
 *    must then succeed, whether or not it had succeeded the first time.
 * 3. At the end every acknowledged account must log in and have the profile that was acknowledged.
 */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, Client } from './client.ts';
import { Latencies, type Report } from './report.ts';

export interface LoadOptions {
  readonly ratePerSecond: number;
  readonly durationMs: number;
  readonly registrationShare: number;
  readonly loginShare: number;
}

interface Account {
  readonly requestId: string;
  readonly name: string;
  readonly displayName: string;
  readonly password: string;
  /** Null: not acknowledged. */
  id: string | null;
  token: string | null;
  loggedInAt: number;
}

const firstAccounts = 5;
/** Tokens last 15 minutes. */
const tokenMs = 10 * 60_000;
/** How long the end may wait for a stack that is still recovering. */
const patienceMs = 60_000;
const atOnce = 4;

export class Load {
  readonly #client: Client;
  readonly #options: LoadOptions;
  readonly #accounts: Account[] = [];
  readonly #latencies = new Latencies();
  readonly #failures = new Map<string, number>();
  readonly #wrong: string[] = [];
  readonly #lost: string[] = [];
  readonly #pending = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #sent = 0;

  constructor(client: Client, options: LoadOptions) {
    this.#client = client;
    this.#options = options;
  }

  stop(): void {
    this.#stop.abort();
  }

  async run(): Promise<Report> {
    const began = performance.now();
    await this.#begin();
    const loadBegan = performance.now();
    await this.#send();
    await Promise.all(this.#pending);
    const seconds = (performance.now() - loadBegan) / 1000;
    await this.#settle();
    return {
      requests: this.#sent,
      seconds: round(seconds),
      perSecond: round(this.#sent / seconds),
      failures: Object.fromEntries([...this.#failures].sort()),
      failed: [...this.#failures.values()].reduce((sum, count) => sum + count, 0),
      latencyMs: this.#latencies.figures(),
      acknowledged: this.#accounts.filter(({ id }) => id !== null).length,
      wrong: this.#wrong,
      lost: this.#lost,
      totalSeconds: round((performance.now() - began) / 1000),
    };
  }

  /** A few accounts to read from the first request on. */
  async #begin(): Promise<void> {
    for (let count = 0; count < firstAccounts; count += 1) {
      const account = this.#newAccount();
      await this.#patiently(account, () => this.#registerAgain(account));
      await this.#patiently(account, () => this.#logInAgain(account));
    }
    if (this.#accounts.every(({ token }) => token === null)) {
      throw new Error(`no account could be registered: ${this.#wrong.join(', ')}`);
    }
  }

  async #send(): Promise<void> {
    const { ratePerSecond, durationMs } = this.#options;
    const began = performance.now();
    const total = Math.floor((durationMs / 1000) * ratePerSecond);
    for (let count = 0; count < total && !this.#stop.signal.aborted; count += 1) {
      const due = began + (count / ratePerSecond) * 1000;
      const early = due - performance.now();
      if (early > 1) await this.#pause(early);
      const one = this.#one().finally(() => this.#pending.delete(one));
      this.#pending.add(one);
    }
  }

  async #pause(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.#stop.signal });
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }

  #one(): Promise<void> {
    const { registrationShare, loginShare } = this.#options;
    const dice = Math.random();
    if (dice < registrationShare) return this.#register(this.#newAccount());
    const account = this.#anyAccount();
    const stale = performance.now() - account.loggedInAt > tokenMs;
    if (stale || dice < registrationShare + loginShare) return this.#logIn(account);
    return this.#readProfile(account);
  }

  #newAccount(): Account {
    const account: Account = {
      requestId: randomUUID(),
      name: `load-${randomBytes(8).toString('hex')}`,
      displayName: `Load ${this.#accounts.length + 1}`,
      password: randomBytes(12).toString('base64url'),
      id: null,
      token: null,
      loggedInAt: Number.NEGATIVE_INFINITY,
    };
    this.#accounts.push(account);
    return account;
  }

  #anyAccount(): Account {
    const usable = this.#accounts.filter(({ token }) => token !== null);
    const account = usable[randomInt(Math.max(1, usable.length))];
    if (account === undefined) throw new Error('there is no account to ask for');
    return account;
  }

  async #register(account: Account): Promise<void> {
    this.#registered(account, await this.#ask(() => this.#askRegister(account)));
  }

  async #logIn(account: Account): Promise<void> {
    this.#loggedIn(account, await this.#ask(() => this.#askLogIn(account)));
  }

  async #readProfile(account: Account): Promise<void> {
    this.#profileRead(account, await this.#ask(() => this.#askProfile(account)));
  }

  async #ask(question: () => Promise<Answer>): Promise<Answer> {
    this.#sent += 1;
    const began = performance.now();
    const answer = await question();
    if (answer.ok) this.#latencies.add(performance.now() - began);
    else this.#failures.set(answer.failure, (this.#failures.get(answer.failure) ?? 0) + 1);
    return answer;
  }

  #registered(account: Account, answer: Answer): void {
    if (!answer.ok) return;
    const { id, name } = answer.body as { id?: string; name?: string };
    if (answer.status === 201 && id !== undefined && name === account.name) account.id = id;
    else this.#complain(account, 'registration', answer);
  }

  #loggedIn(account: Account, answer: Answer): void {
    if (!answer.ok) return;
    const { token } = answer.body as { token?: string };
    if (answer.status === 200 && token !== undefined) {
      account.token = token;
      account.loggedInAt = performance.now();
    } else this.#complain(account, 'login', answer);
  }

  #profileRead(account: Account, answer: Answer): boolean {
    if (!answer.ok) return false;
    const { id, name, displayName } = answer.body as Record<string, unknown>;
    const same = id === account.id && name === account.name && displayName === account.displayName;
    if (!same) this.#complain(account, 'profile', answer);
    return same;
  }

  #complain(account: Account, what: string, answer: Answer & { ok: true }): void {
    this.#wrong.push(`${account.name}: ${what} answered with ${answer.status}`);
  }

  /** Everything open is asked again, everything acknowledged is checked. */
  async #settle(): Promise<void> {
    const rest = [...this.#accounts];
    const workers = Array.from({ length: atOnce }, async () => {
      for (let account = rest.pop(); account !== undefined; account = rest.pop()) {
        await this.#settleAccount(account);
      }
    });
    await Promise.all(workers);
  }

  async #settleAccount(account: Account): Promise<void> {
    const acknowledged = account.id !== null;
    if (!acknowledged) await this.#patiently(account, () => this.#registerAgain(account));
    if (account.id === null) return;
    account.token = null;
    await this.#patiently(account, () => this.#logInAgain(account));
    let same = false;
    if (account.token !== null) {
      await this.#patiently(account, async () => {
        const answer = await this.#askProfile(account);
        same = this.#profileRead(account, answer);
        return answer.ok;
      });
    }
    if (acknowledged && !same) this.#lost.push(account.name);
  }

  async #registerAgain(account: Account): Promise<boolean> {
    const answer = await this.#askRegister(account);
    this.#registered(account, answer);
    return answer.ok;
  }

  async #logInAgain(account: Account): Promise<boolean> {
    const answer = await this.#askLogIn(account);
    this.#loggedIn(account, answer);
    return answer.ok;
  }

  /** Until there is an answer: these requests are not part of the load. */
  async #patiently(account: Account, work: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + patienceMs;
    while (!(await work())) {
      if (performance.now() > deadline) {
        this.#wrong.push(`${account.name}: no answer within ${patienceMs / 1000} s`);
        return;
      }
      await delay(100);
    }
  }

  #askRegister({ requestId, name, displayName, password }: Account): Promise<Answer> {
    const body = { requestId, name, displayName, password };
    return this.#client.ask({ method: 'POST', path: '/api/register', body });
  }

  #askLogIn({ name, password }: Account): Promise<Answer> {
    return this.#client.ask({ method: 'POST', path: '/api/login', body: { name, password } });
  }

  #askProfile({ token }: Account): Promise<Answer> {
    return this.#client.ask({ method: 'GET', path: '/api/profile', token: token ?? '' });
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
