import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/ports/clock.ts';
import { type Answer, notifier, type Receiver, receiver, until } from './receiver.ts';

const intervalMs = 1000;
const timeoutMs = 700;

/** Time passes when the test says so; the server's answers are real. */
function handClock(): Clock & { readonly pending: Set<number>; pass(delayMs: number): void } {
  const waiting = new Map<() => void, number>();
  return {
    now: () => 0,
    after: (delayMs, callback) => {
      waiting.set(callback, delayMs);
      return () => waiting.delete(callback);
    },
    get pending() {
      return new Set(waiting.values());
    },
    pass: (delayMs) => {
      const due = [...waiting].filter(([, waits]) => waits === delayMs);
      for (const [callback] of due) waiting.delete(callback);
      for (const [callback] of due) callback();
    },
  };
}

/** The fetch that is under way is over when its time-out is no longer waited for. */
async function settled(clock: ReturnType<typeof handClock>): Promise<void> {
  await until(() => !clock.pending.has(timeoutMs), 'the end of the fetch');
  await turn();
}

test('beats at once and each interval; each row of failures is told once', async (t) => {
  const server = await receiver(t);
  const clock = handClock();
  const timing = { attemptTimeoutMs: timeoutMs };
  const { notifier: sender, reports } = notifier(t, [], { clock, timing });
  const heartbeat = { url: `${server.url}/ping/s3cr3ts3cr3t`, intervalMs };
  sender.configure('accounts', [{ targets: [], heartbeat }]);
  await settled(clock);
  assert.deepEqual(server.received.at(-1)?.path, '/ping/s3cr3ts3cr3t');
  const told: number[] = [];
  const answers: Answer[] = [200, 500, 'break', 'hang', 200, 302, 500, 200, 200];
  for (const answer of answers) {
    await beat(server, clock, answer);
    told.push(reports.length);
  }
  assert.deepEqual(told, [0, 1, 1, 1, 1, 2, 2, 2, 2]);
  assert.equal(server.received.length, 1 + answers.length);
  assert.match(
    reports[0]?.message ?? '',
    /heartbeat to http:\/\/127.0.0.1:\d+\/… failed: answered 500/,
  );
  assert.equal(reports[0]?.code, 'HEARTBEAT_FAILED');
  assert.doesNotMatch(JSON.stringify(reports), /s3cr3t/);
});

test('configured anew or closed, the old one ends', async (t) => {
  const old = await receiver(t);
  const server = await receiver(t);
  const clock = handClock();
  const timing = { attemptTimeoutMs: timeoutMs };
  const { notifier: sender } = notifier(t, [], { clock, timing });
  for (const { url } of [old, server]) {
    sender.configure('accounts', [{ targets: [], heartbeat: { url, intervalMs } }]);
    await settled(clock);
  }
  await beat(server, clock, 200);
  assert.deepEqual([old.received.length, server.received.length], [1, 2]);
  await sender.close();
  assert.equal(clock.pending.size, 0);
});

async function beat(
  server: Receiver,
  clock: ReturnType<typeof handClock>,
  answer: Answer,
): Promise<void> {
  const before = server.received.length;
  server.answer = () => answer;
  clock.pass(intervalMs);
  await until(() => server.received.length > before, 'the beat');
  if (answer === 'hang') clock.pass(timeoutMs);
  await settled(clock);
}
