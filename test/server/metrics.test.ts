/** What others watch Daruma with: figures, rules and the dashboard agree. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { metricsText } from '../../src/server/api/metrics.ts';
import { browser, loggedIn, rig } from './rig.ts';

const monitoring = join(import.meta.dirname, '../../monitoring');

/** Daruma's metrics that an expression names. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/\bdaruma_\w+/g)].map(([name]) => name);
}

describe('/metrics', () => {
  test('is in the format that Prometheus takes', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'viewer');
    const { text, headers } = await ann.send('GET', '/metrics');
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.deepEqual([checked.status, checked.stderr, checked.stdout], [0, '', '']);
    assert.match(text, /^daruma_controller_up 1$/m);
    const labels = 'stack="shop",service="api",component="api/1"';
    assert.match(text, new RegExp(`^daruma_instance_ready\\{${labels}\\} 1$`, 'm'));
    assert.match(text, /^daruma_signal\{stack="shop",component="api\/1",signal="cpu"\} 0\.5$/m);
    assert.match(text, /^daruma_last_recovery_seconds\{stack="shop"\} 1$/m);
  });

  test('is there while the controller is not, and says so', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'viewer');
    made.stack.stack = () => Promise.reject(new Error('not there'));
    made.stack.version = () => Promise.reject(new Error('not there'));
    const { status, text } = await ann.send('GET', '/metrics');
    assert.equal(status, 200);
    assert.match(text, /^daruma_controller_up 0$/m);
    assert.equal((await browser(made).send('GET', '/readyz')).status, 503);
    assert.equal((await browser(made).send('GET', '/healthz')).status, 200);
  });

  test('escapes what names may hold', () => {
    const signals = [{ at: 1, component: 'a"b\\c\nd', signal: 's', value: 1 }];
    const api = { streams: 0, droppedStreams: 0, requests: new Map(), memoryBytes: 1 };
    const text = metricsText({ version: '1', view: null, incidents: [], signals, api });
    assert.match(text, /component="a\\"b\\\\c\\nd"/);
  });
});

describe('monitoring/', () => {
  test('the alert rules are right, and fire when they should', () => {
    execFileSync('promtool', ['check', 'rules', join(monitoring, 'alerts.yaml')]);
    execFileSync('promtool', ['test', 'rules', join(monitoring, 'alerts.test.yaml')]);
  });

  test('rules and dashboard name metrics that there are', async (t) => {
    const made = await rig(t);
    const ann = await loggedIn(made, 'ann', 'viewer');
    const { text } = await ann.send('GET', '/metrics');
    // Of services with failover only, which this stack has none of.
    const there = new Set([...namesIn(text), 'daruma_instance_role_primary']);
    const expressions = ['alerts.yaml', 'grafana-dashboard.json'].map((name) =>
      readFileSync(join(monitoring, name), 'utf8').replaceAll('"uid": "daruma"', ''),
    );
    const missing = expressions.flatMap(namesIn).filter((name) => !there.has(name));
    assert.deepEqual(missing, []);
  });
});
