import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { scenario } from '../engine/scenario.fixture.ts';
import { database, service, stack } from '../engine/stack.fixture.ts';
import type { ErrorReport } from '../model/error-record.ts';
import type { InstanceId } from '../model/ids.ts';
import { ErrorScene, linkErrors } from './error-scene.ts';

function report(instance: InstanceId, at: number): ErrorReport {
  const origin = { service: instance.split('/')[0] ?? '', instance, host: 'alpha' };
  return { at, code: 'E', message: 'it broke', origin, source: 'application' };
}

function sceneOf(s: ReturnType<typeof scenario>, logEnd: (dir: string) => number = () => 5) {
  const scene = new ErrorScene({ stateDir: '/state', logEnd });
  scene.follow(() => s.state);
  return scene;
}

describe('what surrounds an error', () => {
  test('its role is the one at the time, also when it is told after a fail-over', () => {
    const s = scenario(stack([database('db')])).up();
    const scene = sceneOf(s);
    const before = s.at;
    assert.equal(scene.describe(report('db/1', before)).origin.role, 'primary');
    assert.equal(scene.describe(report('db/2', before)).origin.role, 'standby');
    s.exits('db/1', 'SIGKILL').passes(5_000);
    assert.match(s.group('db'), /^2 db\/2/);
    assert.equal(scene.describe(report('db/1', before)).origin.role, 'primary');
    assert.equal(scene.describe(report('db/1', s.at)).origin.role, 'standby');
  });

  test('its release is what it says itself, else that of the stack file', () => {
    const s = scenario(stack([service('api', { environment: { RELEASE: '2.4' } })])).up();
    const scene = sceneOf(s);
    assert.equal(scene.describe(report('api/1', s.at)).release, '2.4');
    assert.equal(scene.describe({ ...report('api/1', s.at), release: '3' }).release, '3');
  });

  test('its incident is the one that is open for it', () => {
    const s = scenario(stack([service('api', { replicas: 2 })])).up();
    const scene = sceneOf(s);
    assert.equal(scene.describe(report('api/1', s.at)).incident, undefined);
    s.shows('api/1', 'health-failed');
    assert.equal(scene.describe(report('api/1', s.at)).incident, 'i1');
    assert.equal(scene.describe(report('api/2', s.at)).incident, undefined);
  });

  test('the end of its log is asked for now and then; it is kept without one too', () => {
    const s = scenario(stack([service('api')])).up();
    const asked: string[] = [];
    const scene = sceneOf(s, (dir) => asked.push(dir));
    for (let n = 0; n < 100; n += 1) scene.describe(report('api/1', s.at));
    assert.deepEqual(asked, ['/state/logs/api.1']);
    const broken = sceneOf(s, () => {
      throw new Error('no such thing');
    });
    assert.equal(broken.describe(report('api/1', s.at)).log, undefined);
  });

  test('before there is a stack, and without a service, it is as it was told', () => {
    const alone = new ErrorScene({ stateDir: '/state', logEnd: () => 5 });
    const told = report('api/1', 1);
    assert.equal(alone.describe(told), told);
  });

  test('what was seen while an incident began is linked to it', () => {
    const s = scenario(stack([service('api')]))
      .up()
      .forget();
    s.shows('api/1', 'health-failed', { began: s.at - 500 });
    const links: unknown[] = [];
    linkErrors({ linkErrors: (link) => links.push(link) }, s.records, s.state);
    const since = s.incident().onset - 10_000;
    assert.deepEqual(links, [{ incident: 'i1', component: 'api/1', since }]);
  });
});
