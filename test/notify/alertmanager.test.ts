/** Alerts, by Debian's Alertmanager, which tells a webhook of ours what it makes of them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { NotifyTarget } from '../../src/model/notify-spec.ts';
import { atEnd } from '../at-end.ts';
import { freePort } from '../free-port.ts';
import { handClock } from './hand-clock.ts';
import { notice, notifier, type Receiver, receiver, until } from './receiver.ts';

interface Told {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Alertmanager {
  readonly url: string;
  alerts(): Promise<readonly Told[]>;
  end(): Promise<void>;
}

async function alertmanager(t: TestContext, tells: Receiver, port: number): Promise<Alertmanager> {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-alertmanager-'));
  const config = join(directory, 'alertmanager.json');
  const route = { receiver: 'us', group_by: ['...'], group_wait: '1ms', group_interval: '100ms' };
  const webhook = { url: `${tells.url}/told`, send_resolved: true };
  writeFileSync(
    config,
    JSON.stringify({ route, receivers: [{ name: 'us', webhook_configs: [webhook] }] }),
  );
  const args = ['--config.file', config, '--storage.path', directory, '--cluster.listen-address='];
  const listen = `--web.listen-address=127.0.0.1:${port}`;
  const child = spawn('prometheus-alertmanager', [...args, listen], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  let ended = false;
  const end = async () => {
    if (ended) return;
    ended = true;
    child.kill('SIGKILL');
    await exited;
    rmSync(directory, { recursive: true });
  };
  atEnd(t, end);
  const url = `http://127.0.0.1:${port}`;
  let isReady = false;
  await until(() => {
    fetch(`${url}/-/ready`).then(
      ({ ok }) => {
        isReady ||= ok;
      },
      () => undefined,
    );
    return isReady;
  }, 'Alertmanager');
  const alerts = async () => {
    return (await (await fetch(`${url}/api/v2/alerts`)).json()) as readonly Told[];
  };
  return { url, alerts, end };
}

function target(url: string): NotifyTarget {
  const kind = { kind: 'alertmanager', url, headers: {}, labels: { team: 'web' } } as const;
  return { name: 'alerts', minSeverity: 'info', ...kind };
}

/** What it told so far, such as `critical firing`. */
function told({ received }: Receiver): string[] {
  return received.flatMap(({ body }) => {
    const { alerts } = JSON.parse(body) as { alerts: readonly (Told & { status: string })[] };
    return alerts.map(({ labels, status }) => `${labels['severity']} ${status}`);
  });
}

test('an incident fires, gets worse and is resolved', async (t) => {
  const tells = await receiver(t);
  const { url, alerts } = await alertmanager(t, tells, await freePort());
  const { notifier: sender, reports } = notifier(t, [target(url)]);
  const say = (state: 'open' | 'needs-person' | 'acknowledged' | 'resolved') =>
    sender.notify(notice('api/1 crashed', { state, services: ['api'] }));
  say('open');
  await until(() => told(tells).includes('warning firing'), 'the alert');
  const [first] = await alerts();
  const { incident, stack, team } = first?.labels ?? {};
  assert.deepEqual({ incident, stack, team }, { incident: 'i1', stack: 'accounts', team: 'web' });
  assert.equal(first?.annotations['summary'], 'api/1 crashed');
  say('needs-person');
  await until(() => told(tells).includes('critical firing'), 'the worse one');
  await until(() => told(tells).includes('warning resolved'), 'the end of the first');
  say('acknowledged');
  say('resolved');
  await until(() => told(tells).includes('critical resolved'), 'the end');
  assert.deepEqual(await alerts(), []);
  assert.deepEqual(told(tells).sort(), [
    'critical firing',
    'critical resolved',
    'warning firing',
    'warning resolved',
  ]);
  await sender.close();
  assert.deepEqual(reports, []);
});

test('a new Alertmanager, which knows nothing, is told again of what is open', async (t) => {
  const tells = await receiver(t);
  const port = await freePort();
  const first = await alertmanager(t, tells, port);
  const clock = handClock(Date.now());
  const { notifier: sender } = notifier(t, [target(first.url)], { clock });
  sender.notify(notice('api/1 crashed'));
  sender.notify(notice('web/1 crashed', { incident: 'i2', state: 'needs-person' }));
  await until(() => told(tells).length === 2, 'the alerts');
  sender.notify(notice('web/1 is back', { incident: 'i2', state: 'resolved' }));
  await until(() => told(tells).includes('critical resolved'), 'the end of one');
  await first.end();
  const second = await alertmanager(t, tells, port);
  assert.deepEqual(await second.alerts(), []);
  clock.pass(60_000);
  await until(() => told(tells).length > 3, 'the alert that is repeated');
  assert.deepEqual(
    (await second.alerts()).map(({ labels }) => `${labels['incident']} ${labels['severity']}`),
    ['i1 warning'],
  );
});

test('a test is an alert that ends by itself', async (t) => {
  const tells = await receiver(t);
  const { url, alerts } = await alertmanager(t, tells, await freePort());
  const { notifier: sender } = notifier(t, [target(url)]);
  assert.deepEqual(await sender.test('alerts'), [{ target: 'alerts', error: null }]);
  await until(() => told(tells).includes('info firing'), 'the alert');
  const [alert] = await alerts();
  assert.equal(alert?.labels['alertname'], 'DarumaTest');
});
