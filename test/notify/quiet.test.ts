/** Quiet hours, a summary at their end, and what outlives the controller. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { NotifyTarget } from '../../src/model/notify-spec.ts';
import { handClock } from './hand-clock.ts';
import { notice, notifier, type Receiver, receiver, until, webhook } from './receiver.ts';

const night = Date.UTC(2026, 0, 10, 23);
const hourMs = 3_600_000;
const quietHours = [{ fromMinute: 1320, toMinute: 420, timeZone: 'UTC', holdCritical: false }];

function texts({ received }: Receiver): string[] {
  return received.map(({ body }) => {
    const { state, title, incident } = JSON.parse(body);
    return `${incident} ${state}: ${title}`;
  });
}

/** As the store does, but for the disk. */
function memory(kept: string | null = null) {
  const made = {
    kept,
    keep: async (text: string) => {
      made.kept = text;
    },
  };
  return made;
}

async function quietScene(t: TestContext, more: Partial<NotifyTarget> = {}) {
  const server = await receiver(t);
  const clock = handClock(night);
  const target = webhook(server.url, { quietHours, ...more } as object);
  return { server, clock, target };
}

describe('quiet hours', () => {
  test('hold back what is not critical, and tell it in one summary', async (t) => {
    const { server, clock, target } = await quietScene(t);
    const { notifier: sender } = notifier(t, [target], { clock });
    sender.notify(notice('api/1 crashed'));
    sender.notify(notice('api/1 crashed', { state: 'resolved', severity: 'info' }));
    sender.notify(notice('web/1 hangs', { incident: 'i2' }));
    sender.notify(notice('db/1 crashed', { incident: 'i3', severity: 'critical' }));
    await until(() => server.received.length === 1, 'the critical one');
    assert.deepEqual(
      sender.targets().map(({ held, quietHours: shown }) => [held, shown]),
      [[2, [{ from: '22:00', to: '07:00', ...zone, quietNow: true }]]],
    );
    clock.pass(8 * hourMs - 1);
    assert.equal(server.received.length, 1);
    clock.pass(1);
    await until(() => server.received.length === 2, 'the summary');
    assert.deepEqual(texts(server), [
      'i3 open: db/1 crashed',
      'summary summary: 2 incidents in quiet hours, 1 not resolved',
    ]);
    assert.match(JSON.parse(server.received[1]?.body ?? '').text, /api\/1 crashed .*resolved.*\n/);
    sender.notify(notice('web/1 hangs', { incident: 'i2', state: 'resolved', severity: 'info' }));
    const isTold = () => sender.targets()[0]?.last?.of === 'i2';
    await until(isTold, 'the end of what the summary told');
    assert.deepEqual([sender.targets()[0]?.held, server.received.length], [0, 3]);
  });

  const zone = { days: null, timeZone: 'UTC', holdCritical: false };

  test('a test comes through', async (t) => {
    const { server, clock, target } = await quietScene(t);
    const { notifier: sender } = notifier(t, [target], { clock });
    assert.deepEqual(await sender.test('hook'), [{ target: 'hook', error: null }]);
    assert.deepEqual(texts(server), ['test test: Messages to hook arrive']);
    await assert.rejects(sender.test('nobody'), /nobody «nobody» to tell; there are: hook/);
  });
});

describe('another controller', () => {
  test('tells the summary of what the first one held back', async (t) => {
    const { server, clock, target } = await quietScene(t);
    const kept = memory();
    const first = notifier(t, [target], { clock, memory: kept });
    first.notifier.notify(notice('api/1 crashed'));
    await until(() => kept.kept?.includes('api/1 crashed') === true, 'the memory');
    // The first one is left as it is, as if it had been killed.
    const second = handClock(night + 2 * hourMs);
    notifier(t, [target], { clock: second, memory: memory(kept.kept) });
    second.pass(6 * hourMs);
    await until(() => server.received.length === 1, 'the summary');
    assert.deepEqual(texts(server), ['summary summary: 1 incident in quiet hours, 1 not resolved']);
  });

  test('tells it at once when they were over before it came', async (t) => {
    const { server, clock, target } = await quietScene(t);
    const kept = memory();
    const first = notifier(t, [target], { clock, memory: kept });
    first.notifier.notify(notice('api/1 crashed'));
    await first.notifier.close();
    const second = handClock(night + 20 * hourMs);
    notifier(t, [target], { clock: second, memory: memory(kept.kept) });
    second.pass(0);
    await until(() => server.received.length === 1, 'the summary');
  });

  test('sends what did not arrive, and tells the end to whoever was told', async (t) => {
    const server = await receiver(t);
    server.answer = () => 500;
    const kept = memory();
    const target = webhook(server.url, { minSeverity: 'warning' });
    const first = notifier(t, [target], { memory: kept, timing: { closeGraceMs: 1 } });
    first.notifier.notify(notice('api/1 crashed'));
    await until(() => server.received.length > 0, 'an attempt');
    await first.notifier.close();
    assert.deepEqual(first.reports, [], 'it is not given up');
    server.answer = () => 200;
    const before = server.received.length;
    const second = notifier(t, [target], { memory: memory(kept.kept) });
    await until(() => server.received.length > before, 'the message');
    second.notifier.notify(notice('api/1 crashed', { state: 'resolved', severity: 'info' }));
    await until(() => texts(server).at(-1) === 'i1 resolved: api/1 crashed', 'the end');
    await second.notifier.close();
    const third = notifier(t, [target], { memory: memory(kept.kept) });
    assert.equal(third.notifier.targets()[0]?.waiting, 1, 'the first memory is as it was');
    await third.notifier.close();
    assert.deepEqual(second.reports, []);
  });

  test('tells the end of what ended while nobody was there to tell it', async (t) => {
    const server = await receiver(t);
    const kept = memory();
    const first = notifier(t, [webhook(server.url)], { memory: kept });
    first.notifier.notify(notice('api/1 crashed'));
    first.notifier.notify(notice('web/1 crashed', { incident: 'i2' }));
    await until(() => server.received.length === 2, 'both');
    await first.notifier.close();
    const second = notifier(t, [], { memory: memory(kept.kept) }).notifier;
    const spec = { targets: [webhook(server.url)], heartbeat: null };
    second.configure('accounts', [spec], new Set(['i2'] as const));
    await until(() => server.received.length === 3, 'the end');
    await second.close();
    assert.deepEqual(texts(server).slice(2), ['i1 resolved: api/1 crashed']);
  });

  test('begins afresh when what was kept can not be read', async (t) => {
    const server = await receiver(t);
    const told: number[] = [];
    for (const text of ['{', '{"version":2}', 'null']) {
      const made = notifier(t, [webhook(server.url)], { memory: memory(text) });
      made.notifier.notify(notice('it'));
      told.push(made.reports.filter(({ message }) => /is forgotten/.test(message)).length);
    }
    await until(() => server.received.length === 3, 'all');
    assert.deepEqual(told, [1, 1, 0], 'what is damaged is an error');
  });

  test('is told of no secret by what is kept', async (t) => {
    const server = await receiver(t);
    const kept = memory();
    const url = `${server.url}/T0K3NT0K3N?key=s3cr3t`;
    const { notifier: sender } = notifier(t, [webhook(url)], { memory: kept });
    server.answer = () => 404;
    sender.notify(notice('it'));
    await until(() => kept.kept?.includes('answered 404') === true, 'the memory');
    assert.doesNotMatch(`${kept.kept}${JSON.stringify(sender.targets())}`, /T0K3N|s3cr3t/);
  });
});
