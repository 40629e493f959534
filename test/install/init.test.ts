/** A first stack file for what runs: a listening program, pm2's dump, a Compose file. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { init } from '../../src/install/init.ts';
import { carryOut } from '../../src/install/plan.ts';
import { errorInfo } from '../../src/model/errors.ts';
import { formatProblem } from '../../src/stack/problem.ts';
import { readStack } from '../../src/stack/read.ts';

const scratch = mkdtempSync(join(tmpdir(), 'daruma-init-'));
after(() => rmSync(scratch, { recursive: true }));
const directory = join(scratch, 'My Shop');
const home = join(scratch, 'home');
mkdirSync(join(home, '.pm2/pids'), { recursive: true });
mkdirSync(directory);

const compose = `services:
  web: { image: nginx, ports: ["127.0.0.1:18080:80"], depends_on: [db] }
  db: { image: postgres, ports: [{ target: 5432, published: "15432" }] }
  job: {}
  api.v1: { image: x, depends_on: { db: { condition: service_healthy } } }
`;
const dump = [
  { name: 'mailer $x', pm_id: 3, env: { PORT: '18025' } },
  { name: 'worker', pm_id: 4 },
  { name: 'worker', pm_id: 5 },
  { name: 'web', pm_id: 6 },
];

async function listening(...args: string[]): Promise<{ readonly port: number; stop(): void }> {
  const program = `const s = require('net').createServer().listen(0, '127.0.0.1', () =>
    console.log(s.address().port))`;
  const child = spawn(process.execPath, ['-e', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(chunk.toString()), stop: () => child.kill('SIGKILL') };
}

test('what runs becomes a stack file that is right, and only observes', async () => {
  writeFileSync(join(directory, 'compose.yaml'), compose);
  writeFileSync(join(home, '.pm2/dump.pm2'), JSON.stringify(dump));
  writeFileSync(join(home, '.pm2/pids/worker-4.pid'), '1');
  const own = createServer().listen(0, '127.0.0.1');
  const other = await listening();
  const keeper = await listening('/daruma/src/keeper/main.ts', '--state-dir');
  try {
    const plan = init({ directory, home });
    carryOut(plan, { force: false });
    const file = join(directory, 'daruma.yaml');
    const read = await readStack({ file, environment: {} });
    assert.ok(read.ok, read.ok ? '' : read.problems.map(formatProblem).join('\n'));
    assert.deepEqual(read.warnings, []);
    assert.equal(read.spec.name, 'my-shop');
    assert.equal(read.spec.mode, 'observe');
    const names = ['web', 'db', 'job', 'api-v1', 'mailer-x', 'worker', 'web-2'];
    assert.deepEqual(plan.services.slice(0, names.length), names);
    const service = (name: string) => read.spec.services.find((one) => one.name === name);
    assert.equal(service('web')?.endpoint?.port, 18080);
    assert.equal(service('db')?.endpoint?.port, 15432);
    assert.deepEqual(
      service('api-v1')?.dependsOn.map((one) => one.service),
      ['db'],
    );
    assert.deepEqual(service('mailer-x')?.external?.start?.argv, ['pm2', 'start', 'mailer $x']);
    assert.equal(service('worker')?.external?.pidFile, join(home, '.pm2/pids/worker-4.pid'));
    const ports = read.spec.services.map(({ endpoint }) => endpoint?.port);
    assert.ok(ports.includes(other.port));
    assert.ok(!ports.includes(keeper.port), 'another stack is none of its business');
    const address = own.address();
    assert.ok(typeof address === 'object' && !ports.includes(address?.port));
    const text = readFileSync(file, 'utf8');
    assert.match(text, /# TODO external: start, stop, status, logs/);
    assert.match(text, /# pm2 application worker, 2 instances\n/);
  } finally {
    own.close();
    other.stop();
    keeper.stop();
  }
});

test('a stack file that is there is not replaced without force', () => {
  const path = join(scratch, 'kept.yaml');
  const plan = {
    files: [{ path, text: 'new', mode: 0o600 as const }],
    directories: [],
    link: null,
    next: [],
  };
  writeFileSync(path, 'old', { mode: 0o644 });
  assert.throws(() => carryOut(plan, { force: false }), { code: 'REFUSED' });
  assert.equal(readFileSync(path, 'utf8'), 'old');
  carryOut(plan, { force: true });
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a file that is not what it is called is told', () => {
  const broken = join(scratch, 'broken');
  mkdirSync(broken);
  writeFileSync(join(broken, 'compose.yaml'), 'services: [a]\n');
  assert.throws(() => init({ directory: broken, home: broken }), {
    code: 'BAD_REQUEST',
    message: /compose\.yaml is not understood/,
  });
});

test('what can’t be written is no defect, and named', () => {
  const path = join(scratch, 'file', 'daruma.yaml');
  writeFileSync(join(scratch, 'file'), '');
  const plan = { files: [{ path, text: '', mode: 0o644 as const }], directories: [], link: null };
  assert.throws(
    () => carryOut({ ...plan, next: [] }, { force: false }),
    (error) => {
      const { code, message } = errorInfo(error);
      assert.deepEqual(
        [code, message.includes(join(scratch, 'file'))],
        ['REQUIREMENT_UNMET', true],
      );
      return true;
    },
  );
});
