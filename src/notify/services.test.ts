/** What Alertmanager and PagerDuty are sent, as data. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AlertmanagerTarget } from '../model/notify-spec.ts';
import { alertsOf } from './alertmanager.ts';
import type { Letter, Message } from './body.ts';
import { eventsOf } from './pagerduty.ts';

function letter(state: Message['state'], update = 0): Letter {
  const notice: Message = {
    incident: state === 'test' ? 'test' : 'i7',
    severity: 'warning',
    state,
    title: 'shop: api/1 crashed',
    text: 'restart api/1',
    services: ['api', 'db'],
  };
  return { stack: 'shop', notice, update, at: 60_000, since: 1_000 };
}

describe('alerts', () => {
  const target: AlertmanagerTarget = {
    kind: 'alertmanager',
    url: '',
    headers: {},
    labels: { team: 'web', severity: 'none' },
  };
  const brief = (one: Letter) =>
    alertsOf(target, one, 'alpha').map(({ labels, endsAt }) => {
      const fires = Date.parse(endsAt) > one.at;
      return `${labels['alertname']} ${labels['severity']} ${fires ? 'fires' : 'ended'}`;
    });

  test('fire by severity, and end when it is another or over', () => {
    assert.deepEqual(brief(letter('open')), ['DarumaIncident warning fires']);
    assert.deepEqual(brief(letter('needs-person')), ['DarumaIncident critical fires']);
    assert.deepEqual(brief(letter('needs-person', 1)), [
      'DarumaIncident critical fires',
      'DarumaIncident warning ended',
    ]);
    assert.deepEqual(brief(letter('resolved', 2)), [
      'DarumaIncident critical ended',
      'DarumaIncident warning ended',
    ]);
    assert.deepEqual(brief(letter('test')), ['DarumaTest info fires']);
  });

  test('are known by labels that stay; those of the stack file can not replace them', () => {
    const [alert] = alertsOf(target, letter('open'), 'alpha');
    assert.deepEqual(alert, {
      labels: {
        ...{ team: 'web', severity: 'warning', alertname: 'DarumaIncident' },
        ...{ stack: 'shop', host: 'alpha', incident: 'i7' },
      },
      annotations: {
        ...{ summary: 'shop: api/1 crashed', description: 'restart api/1', services: 'api, db' },
      },
      startsAt: '1970-01-01T00:00:01.000Z',
      endsAt: '1970-01-01T01:01:00.000Z',
    });
  });
});

describe('events', () => {
  const brief = (one: Letter) =>
    eventsOf(one, 'alpha').map((event) => `${event.event_action} ${event.dedup_key}`);

  test('trigger, acknowledge and resolve; what got worse is another alert', () => {
    const key = 'daruma:alpha:shop:i7';
    assert.deepEqual(brief(letter('open')), [`trigger ${key}:warning`]);
    assert.deepEqual(brief(letter('needs-person')), [`trigger ${key}:critical`]);
    assert.deepEqual(brief(letter('needs-person', 1)), [
      `trigger ${key}:critical`,
      `resolve ${key}:warning`,
    ]);
    assert.deepEqual(brief(letter('acknowledged', 2)), [`acknowledge ${key}:critical`]);
    assert.deepEqual(brief(letter('resolved', 3)), [
      `resolve ${key}:critical`,
      `resolve ${key}:warning`,
    ]);
    assert.deepEqual(brief(letter('test')), ['trigger daruma:alpha:shop:test:info']);
  });

  test('say what, where and how bad', () => {
    const [event] = eventsOf(letter('open'), 'alpha');
    assert.deepEqual(event?.payload, {
      ...{ summary: 'shop: api/1 crashed', source: 'alpha', severity: 'warning' },
      ...{ timestamp: '1970-01-01T00:01:00.000Z', component: 'api', group: 'shop' },
      class: 'incident',
      custom_details: { incident: 'i7', services: 'api, db', text: 'restart api/1' },
    });
  });
});
