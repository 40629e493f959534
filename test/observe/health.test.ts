import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { healthcheck, httpProbe, observing, until, watched } from './observing.fixture.ts';

/** Answers what the path says: `/503`, `/slow` after seconds, `/body`, `/hints`, `/garbage`. */
const server = `
const http = require('node:http');
const server = http.createServer((request, response) => {
  const path = request.url.slice(1);
  if (path === 'slow') setTimeout(() => response.end(), 6000);
  else if (path === 'garbage') request.socket.end('what is this?\\r\\n\\r\\n');
  else if (path === 'nothing') request.socket.end();
  else if (path === 'hints') response.writeEarlyHints({ link: '</a>; rel=preload' }, () => response.end());
  else if (path === 'host') response.end(request.headers.host + ' ' + request.headers['x-who']);
  else if (path === 'big') response.end('x'.repeat(200000) + 'needle');
  else { response.statusCode = Number(path) || 200; response.end('all is well'); }
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

test('a process that hangs is suspected, convicted, and trusted again', async () => {
  await using here = observing();
  const { pid, port } = await here.serve(server);
  here.observer.watch(watched({ pid, port, healthcheck: healthcheck(httpProbe) }));
  await until('ready', () => here.told.includes('ready api/1'));
  process.kill(pid, 'SIGSTOP');
  await until('health', () => here.told.includes('began api/1#health health-timeout'));
  await until('stopped', () => here.told.includes('began api/1#stopped stopped'));
  process.kill(pid, 'SIGCONT');
  await until('both ends', () => here.told.filter((text) => text.startsWith('ended')).length === 2);
  const order = ['ready api/1', 'suspects api/1', 'began api/1#health health-timeout'];
  assert.deepEqual(
    here.told.filter((text) => order.includes(text)),
    order,
  );
  await until(
    'trust',
    () => here.told.at(-1) === 'trusts api/1' || here.told.includes('trusts api/1'),
  );
  const reports = here.errors.filter(({ source }) => source === 'check');
  assert.equal(reports.length, 1, 'one report per onset');
  assert.equal(reports[0]?.code, 'HEALTH_TIMEOUT');
  assert.match(reports[0]?.message ?? '', /failed 2×: timed out after 2000 ms/);
  assert.deepEqual(reports[0]?.origin, { service: 'api', instance: 'api/1', host: 'here' });
});

test('a hang before the first answer shows as a stopped process', async () => {
  await using here = observing();
  const { pid, port } = await here.serve(server);
  process.kill(pid, 'SIGSTOP');
  here.observer.watch(watched({ pid, port, healthcheck: healthcheck(httpProbe) }));
  await until('stopped', () => here.told.includes('began api/1#stopped stopped'));
  assert.deepEqual(here.told, ['began api/1#stopped stopped']);
});

test('a dead server refuses; its onset is when the first failure was asked', async () => {
  await using here = observing();
  const { pid, port } = await here.serve(server);
  here.observer.watch(watched({ pid, port, healthcheck: healthcheck(httpProbe) }));
  await until('ready', () => here.told.includes('ready api/1'));
  const killedAt = performance.timeOrigin + performance.now();
  process.kill(pid, 'SIGKILL');
  await until('refusal', () => here.told.includes('began api/1#health health-refused'));
  const began = here.happenings.find((happening) => happening.kind === 'symptom-began');
  assert.ok(began !== undefined && began.symptom.began >= killedAt - 2_000);
  const evidence = `health check failed 2×: connection refused at port ${port}`;
  assert.equal(began.symptom.evidence, evidence);
});

test('never healthy beyond the start period: unready', async () => {
  await using here = observing();
  const { pid, port } = await here.serve(server);
  const probe = { ...httpProbe, url: '/503' };
  const check = healthcheck(probe, { startPeriodMs: 200 });
  here.observer.watch(watched({ pid, port, healthcheck: check }));
  await until('unready', () => here.told.length > 0);
  assert.deepEqual(here.told, ['began api/1#health unready']);
  assert.match(here.errors[0]?.message ?? '', /answered 503/);
});

const answers: readonly (readonly [Partial<typeof httpProbe>, string])[] = [
  [{ url: '/204' }, 'true: health check passed'],
  [{ url: '/302' }, 'true: health check passed'],
  [{ url: '/hints' }, 'true: health check passed'],
  [
    {
      url: '/404',
      status: [
        [200, 200],
        [404, 404],
      ],
    },
    'true: health check passed',
  ],
  [{ url: '/404' }, 'false: answered 404'],
  [{ url: '/302', status: [[200, 299]] }, 'false: answered 302'],
  [{ url: '/garbage' }, 'false: answered something that is not HTTP'],
  [{ url: '/nothing' }, 'false: closed the connection without an answer'],
  [{ url: '/slow' }, 'false: timed out after 2000 ms'],
  [{ url: '/200', body: '^all is .ell$' }, 'true: health check passed'],
  [{ url: '/200', body: 'broken' }, 'false: answered, but its body does not match /broken/'],
  [{ url: '/500', body: 'all' }, 'false: answered 500'],
  [{ url: '/big', body: '^x+$' }, 'true: health check passed'],
  [
    { url: '/host', headers: { 'X-Who': '${INSTANCE}' }, body: '^127.0.0.1:\\d+ api/1$' },
    'true: health check passed',
  ],
  [{ url: 'https://127.0.0.1/' }, 'false: https://127.0.0.1/ is not an http URL'],
];

test('what an http check makes of answers', async (t) => {
  await using here = observing();
  const { pid, port } = await here.serve(server);
  for (const [changes, expected] of answers) {
    await t.test(JSON.stringify(changes), async () => {
      const probe = { ...httpProbe, ...changes };
      here.told.length = 0;
      here.observer.watch(watched({ pid, port, healthcheck: healthcheck(probe) }));
      here.observer.confirm(['api/1'], 20_000);
      await until('the answer', () => here.told.some((text) => text.startsWith('confirmed')));
      const confirmed = here.told.filter((text) => text.startsWith('confirmed'));
      assert.deepEqual(confirmed, [`confirmed api/1 ${expected}`]);
    });
  }
});

test('slow checks overlap, so that they are asked at their rate', async () => {
  await using here = observing();
  const slow = `
    const http = require('node:http');
    let open = 0, most = 0;
    const server = http.createServer((request, response) => {
      if (request.url === '/most') return response.end(String(most));
      most = Math.max(most, ++open);
      setTimeout(() => { open--; response.end(); }, 450);
    });
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
  const { pid, port } = await here.serve(slow);
  const check = healthcheck(httpProbe, { timeoutMs: 20_000 });
  here.observer.watch(watched({ pid, port, healthcheck: check }));
  const most = async (): Promise<number> =>
    Number(await (await fetch(`http://127.0.0.1:${port}/most`)).text());
  const end = performance.now() + 20_000;
  while ((await most()) < 3 && performance.now() < end) await sleep(50);
  assert.ok((await most()) >= 3, 'asked again while others were under way');
  assert.ok((await most()) <= 8, 'but only a few at once');
  await until('ready', () => here.told.includes('ready api/1'));
});

test('confirm answers each once: watched, without a check, unwatched, deadline', async () => {
  await using here = observing();
  const { pid, port } = await here.serve(server);
  const slowCheck = healthcheck({ ...httpProbe, url: '/slow' }, { timeoutMs: 20_000 });
  here.observer.watch(watched({ instance: 'api/1', pid, port, healthcheck: slowCheck }));
  here.observer.watch(watched({ instance: 'api/2', pid }));
  const gone = here.run(['true']);
  await until('its end', () => gone.exitCode !== null);
  here.observer.watch(watched({ instance: 'api/3', pid: gone.pid }));
  here.observer.confirm(['api/1', 'api/2', 'api/3', 'api/4'], 1_000);
  const confirmed = () => here.told.filter((text) => text.startsWith('confirmed')).sort();
  await until('four answers', () => confirmed().length === 4);
  assert.deepEqual(confirmed(), [
    'confirmed api/1 false: no answer within 1000 ms',
    'confirmed api/2 true: health check passed',
    'confirmed api/3 false: its process is gone',
    'confirmed api/4 false: not running',
  ]);
  await until('the slow answer', () => here.told.includes('ready api/1'));
  assert.equal(confirmed().length, 4, 'the late answer is not told again');
});

test('what was under way when we slept proves nothing', async () => {
  await using here = observing();
  const { pid, port } = await here.serve(server);
  const check = healthcheck(httpProbe, { timeoutMs: 1_000, intervalMs: 100, retries: 1 });
  here.observer.watch(watched({ pid, port, healthcheck: check }));
  await until('ready', () => here.told.includes('ready api/1'));
  process.kill(pid, 'SIGSTOP');
  const blockedUntil = performance.now() + 1_500;
  while (performance.now() < blockedUntil);
  process.kill(pid, 'SIGCONT');
  here.observer.slept(1_500);
  here.observer.confirm(['api/1'], 20_000);
  await until('an answer', () => here.told.some((text) => text.startsWith('confirmed')));
  assert.deepEqual(here.told, ['ready api/1', 'confirmed api/1 true: health check passed']);
});

test('unwatch ends everything silently', async () => {
  await using here = observing();
  const { pid, port } = await here.serve(server);
  here.observer.watch(watched({ pid, port, healthcheck: healthcheck(httpProbe) }));
  await until('ready', () => here.told.includes('ready api/1'));
  process.kill(pid, 'SIGKILL');
  await until('refusal', () => here.told.includes('began api/1#health health-refused'));
  const count = here.told.length;
  here.observer.unwatch('api/1');
  assert.deepEqual(here.observer.latest('api'), []);
  await sleep(300);
  assert.equal(here.told.length, count);
});

test('an instance without a check is ready when it has been up for a moment', async () => {
  await using here = observing();
  const { pid } = here.run(['sleep', '60']);
  here.observer.watch(watched({ pid }));
  await until('ready', () => here.told.includes('ready api/1'));
});
