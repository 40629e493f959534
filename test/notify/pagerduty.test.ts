/** Events, by a server that holds PagerDuty's rules for them (Events API version 2). */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { NotifyTarget } from '../../src/model/notify-spec.ts';
import {
  type Answer,
  notice,
  notifier,
  type Received,
  type Receiver,
  receiver,
  until,
} from './receiver.ts';

const key = '0123456789abcdef0123456789abcdef';
const actions = new Set(['trigger', 'acknowledge', 'resolve']);
const severities = new Set(['critical', 'error', 'warning', 'info']);

interface Event {
  readonly routing_key?: unknown;
  readonly event_action?: unknown;
  readonly dedup_key?: unknown;
  readonly payload?: { readonly [name: string]: unknown };
}

/** As documented: what is wrong with the event; the answer to it. */
function problemsOf({ path, headers, body }: Received): string[] {
  const event = JSON.parse(body) as Event;
  const { payload = {}, event_action: action } = event;
  const text = (value: unknown, max: number) =>
    typeof value === 'string' && value.length > 0 && value.length <= max;
  const rules: readonly (readonly [boolean, string])[] = [
    [path === '/v2/enqueue', 'no such address'],
    [headers['content-type'] === 'application/json', 'no JSON'],
    [event.routing_key === key, `Invalid routing key ${event.routing_key}`],
    [actions.has(String(action)), 'event_action'],
    [text(event.dedup_key, 255), 'dedup_key'],
    [Buffer.byteLength(body) <= 512 * 1024, 'too large'],
  ];
  const ofTrigger: typeof rules = [
    [text(payload['summary'], 1024), 'summary'],
    [text(payload['source'], 255), 'source'],
    [severities.has(String(payload['severity'])), 'severity'],
    [!Number.isNaN(Date.parse(String(payload['timestamp']))), 'timestamp'],
  ];
  return [...rules, ...(action === 'trigger' ? ofTrigger : [])]
    .filter(([holds]) => !holds)
    .map(([, what]) => what);
}

/** Refuses what breaks a rule. */
async function pagerduty(t: TestContext): Promise<Receiver> {
  const server = await receiver(t);
  server.answer = (_, received) => answer(problemsOf(received));
  return server;
}

function answer(problems: readonly string[]): Answer {
  return (response) => {
    const ok = { status: 'success', message: 'Event processed' };
    const refused = {
      status: 'invalid event',
      message: 'Event object is invalid',
      errors: problems,
    };
    response.writeHead(problems.length === 0 ? 202 : 400);
    response.end(JSON.stringify(problems.length === 0 ? ok : refused));
  };
}

function target(url: string, variable = 'KEY'): NotifyTarget {
  const routingKey = { from: 'environment', name: variable } as const;
  return { name: 'pager', minSeverity: 'info', kind: 'pagerduty', url, routingKey };
}

const variables: Readonly<Record<string, string>> = { KEY: key, WRONG: 'wrong-key-wrong-key' };
const variable = (name: string) => variables[name];

describe('PagerDuty', () => {
  test('an incident is triggered, gets worse, is acknowledged and resolved', async (t) => {
    const server = await pagerduty(t);
    const { notifier: sender, reports } = notifier(t, [target(server.url)], { variable });
    const counts = { open: 1, 'needs-person': 3, acknowledged: 4, resolved: 6 } as const;
    for (const state of ['open', 'needs-person', 'acknowledged', 'resolved'] as const) {
      sender.notify(notice('x'.repeat(2000), { state, services: ['api'] }));
      await until(() => server.received.length === counts[state], state);
    }
    await sender.close();
    const sent = server.received.map(({ body }) => JSON.parse(body) as Event);
    assert.deepEqual(
      sent.map(
        (one) => `${one.event_action} ${String(one.dedup_key).split(':').slice(2).join(':')}`,
      ),
      [
        'trigger accounts:i1:warning',
        'trigger accounts:i1:critical',
        'resolve accounts:i1:warning',
        'acknowledge accounts:i1:critical',
        'resolve accounts:i1:critical',
        'resolve accounts:i1:warning',
      ],
    );
    assert.deepEqual(server.received.flatMap(problemsOf), []);
    assert.deepEqual(reports, []);
  });

  test('what breaks off between two events is sent again as a whole', async (t) => {
    const server = await pagerduty(t);
    const rules = server.answer;
    server.answer = (index, received) => (index === 2 ? 500 : rules(index, received));
    const { notifier: sender, reports } = notifier(t, [target(server.url)], { variable });
    sender.notify(notice('it'));
    await until(() => server.received.length === 1, 'the first');
    sender.notify(notice('it', { state: 'needs-person' }));
    await until(() => server.received.length === 5, 'all');
    await sender.close();
    const sent = server.received.map(({ body }) => (JSON.parse(body) as Event).event_action);
    assert.deepEqual(sent, ['trigger', 'trigger', 'resolve', 'trigger', 'resolve']);
    assert.deepEqual(reports, []);
  });

  test('too many events: it waits, and tries again', async (t) => {
    const server = await pagerduty(t);
    const rules = server.answer;
    server.answer = (index, received) => (index === 0 ? 429 : rules(index, received));
    const { notifier: sender, reports } = notifier(t, [target(server.url)], { variable });
    sender.notify(notice('it'));
    await until(() => server.received.length === 2, 'the second attempt');
    await sender.close();
    assert.deepEqual(reports, []);
  });

  test('a wrong key is told, not shown, and not tried again', async (t) => {
    const server = await pagerduty(t);
    const { notifier: sender, reports } = notifier(t, [target(server.url, 'WRONG')], { variable });
    sender.notify(notice('it'));
    await until(() => reports.length > 0, 'the report');
    await sender.close();
    assert.match(reports[0]?.message ?? '', /answered 400: .*Invalid routing key …/);
    assert.doesNotMatch(JSON.stringify(reports), /wrong-key/);
    assert.equal(server.received.length, 1);
  });

  test('a test is an alert of its own', async (t) => {
    const server = await pagerduty(t);
    const { notifier: sender } = notifier(t, [target(server.url)], { variable });
    assert.deepEqual(await sender.test(null), [{ target: 'pager', error: null }]);
    assert.deepEqual(server.received.flatMap(problemsOf), []);
  });
});
