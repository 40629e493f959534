/** Who runs an external service hears of its end late: until then its status names the process that
 * has ended. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogRecord } from '../../src/model/record.ts';
import { identify } from '../../src/ports/process-identity.ts';
import { type Bench, bench, until } from './harness.ts';

/**
 * Several may run at a time: what they tell each other is moved into its place at once.
 *
 * While there is a file `deaf` it goes by what it has heard before, and does nothing. One answer to
 * what its status is waits if there is a file `hold`, until that, by then `held`, is removed.
 */
const script = `#!/bin/sh
cd "$(dirname "$0")"
tell() { cat >"$1.$$" && mv "$1.$$" "$1"; }
touch process; [ -e deaf ] || tell heard <process
case $1 in
  start)
    [ -e deaf ] && { echo "web: ERROR (already started)"; exit 0; }
    echo start >>calls
    sleep 1000 </dev/null >/dev/null 2>&1 &
    echo $! | tell process ;;
  stop)
    kill -9 "$(cat process)" ;;
  status)
    echo look >>looks
    if [ -e deaf ] || { read -r pid <heard && kill -0 "$pid" 2>/dev/null; }
    then state="RUNNING   pid $(cat heard), uptime 0:01:00"; code=0
    else state="EXITED    Nov 22 12:00 AM"; code=3
    fi
    mv hold held 2>/dev/null && while [ -e held ]; do sleep 0.1; done
    echo "web    $state"; exit $code ;;
esac
`;

type Told = number | null | 'ended';

class Supervised {
  readonly made: Bench;
  readonly #file: (name: string) => string;

  constructor(made: Bench) {
    this.made = made;
    this.#file = (name) => path.join(made.directory, name);
    writeFileSync(this.#file('web.sh'), script);
    for (const name of ['calls', 'looks', 'process']) writeFileSync(this.#file(name), '');
  }

  /** Of the process that runs, or ran last. */
  get pid(): number {
    return Number(this.#lines('process')[0]);
  }

  get starts(): number {
    return this.#lines('calls').length;
  }

  #lines(name: string): string[] {
    return readFileSync(this.#file(name), 'utf8').split('\n').slice(0, -1);
  }

  /** As a person would. */
  start(): void {
    execFileSync('sh', [this.#file('web.sh'), 'start']);
  }

  /** Its process ends, and that is not heard of. */
  async endsUnheard(): Promise<void> {
    writeFileSync(this.#file('deaf'), '');
    const before = await this.#exits();
    process.kill(this.pid, 'SIGKILL');
    await until('Daruma has seen it end', async () => (await this.#exits()) > before);
    await this.asked();
  }

  async asked(): Promise<void> {
    const looks = this.#lines('looks').length;
    await until(
      'its status was asked again and again',
      () => this.#lines('looks').length > looks + 2,
    );
  }

  /** The next answer is held back, until what this resolves with is called. */
  async holdAnswer(): Promise<() => void> {
    writeFileSync(this.#file('hold'), '');
    await until('it is held back', () => existsSync(this.#file('held')));
    return () => rmSync(this.#file('held'));
  }

  hears(): void {
    rmSync(this.#file('deaf'));
  }

  async #records(): Promise<LogRecord[]> {
    return (await this.made.events()).map(({ record }) => record);
  }

  async #exits(): Promise<number> {
    return (await this.#records()).filter(({ kind }) => kind === 'instance-exited').length;
  }

  /** The runs that were begun or found, by process id, and their ends. */
  async told(): Promise<Told[]> {
    const told = (await this.#records()).flatMap((one): Told[] => {
      if (one.kind === 'instance-exited') return ['ended'];
      return one.kind === 'instance-started' || one.kind === 'instance-adopted' ? [one.pid] : [];
    });
    // A run may be told twice.
    return told.filter((one, index) => one !== told[index - 1]);
  }

  /** Ready with the process that runs, another one than before. */
  ready(before = 0): Promise<number> {
    return until('it is ready', async () => {
      const { phase, pid } = await this.made.instance('web/1');
      return phase === 'ready' && pid === this.pid && pid !== before && pid;
    });
  }
}

async function supervised(t: TestContext, more = ''): Promise<Supervised> {
  const made = await bench(t, '');
  const words = (verb: string) => JSON.stringify(['sh', `${made.directory}/web.sh`, verb]);
  await made.rewrite(`
name: late
${more}
services:
  web:
    driver: external
    external:
      { start: ${words('start')}, stop: ${words('stop')}, status: ${words('status')}, timeout: 5m }
    healthcheck: { interval: 500ms, timeout: 20s, retries: 2, start_period: 30s }
`);
  return new Supervised(made);
}

test('it is started once that was heard, and known by its new process', async (t) => {
  const web = await supervised(t);
  await web.made.up();
  const first = await web.ready();
  await web.endsUnheard();
  assert.equal(web.starts, 1);
  web.hears();
  const second = await web.ready(first);
  process.kill(second, 'SIGKILL');
  const third = await web.ready(second);
  assert.deepEqual(await web.told(), [first, 'ended', second, 'ended', third]);
  assert.equal(web.starts, 3);
  assert.equal((await web.made.daruma('down')).code, 0);
  assert.equal(identify(third), null);
});

test('observed, it is known by the process that somebody else starts', async (t) => {
  const web = await supervised(t, 'mode: observe');
  web.start();
  await web.made.up();
  const first = await web.ready();
  await web.endsUnheard();
  web.hears();
  web.start();
  const second = await web.ready(first);
  await web.endsUnheard();
  assert.deepEqual(await web.told(), [first, 'ended', second, 'ended']);
  assert.equal(web.starts, 2);
});

test('what was asked before it was started says nothing of it afterwards', async (t) => {
  const web = await supervised(t);
  await web.made.up();
  const first = await web.ready();
  assert.equal((await web.made.daruma('stop', 'web')).code, 0);
  const answer = await web.holdAnswer();
  assert.equal((await web.made.daruma('start', 'web')).code, 0);
  const second = await web.ready(first);
  answer();
  await web.asked();
  assert.deepEqual(await web.told(), [first, second]);
  assert.deepEqual(await web.made.incidents(), []);
});
