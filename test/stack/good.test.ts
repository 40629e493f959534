/** Right stack files: every field, defaults, modules, and random ones. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { StackSpec } from '../../src/model/stack-spec.ts';
import { describedSchema } from '../../src/stack/json-schema.ts';
import { formatProblem } from '../../src/stack/problem.ts';
import { findStackFile, readStack } from '../../src/stack/read.ts';
import { checkCommands, checkRequirements } from '../../src/stack/requires.ts';
import { defineStack, type StackInput } from '../../src/stack/schema.ts';

const good = join(import.meta.dirname, 'good');
const scratch = mkdtempSync(join(tmpdir(), 'daruma-stack-'));
after(() => rmSync(scratch, { recursive: true }));

async function read(file: string, environment: Record<string, string> = {}): Promise<StackSpec> {
  const result = await readStack({ file, environment });
  assert.ok(result.ok, result.ok ? '' : result.problems.map(formatProblem).join('\n'));
  return result.spec;
}

async function readText(text: string): Promise<StackSpec> {
  const file = join(scratch, 'daruma.yaml');
  writeFileSync(file, text);
  return read(file);
}

test('a file with every field is read as written', async () => {
  const spec = await read(join(good, 'full.yaml'), { INHERITED: 'from me', DB_PASSWORD: 'mine' });
  const shown: unknown = JSON.parse(JSON.stringify(spec).replaceAll(good, '/HERE'));
  assert.deepEqual(shown, JSON.parse(readFileSync(join(good, 'full.json'), 'utf8')));
});

/** Paths of all fields in a schema or a value; names that the user chose become `*`. */
function fieldsOf(schema: unknown, path: string, found: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return;
  const { properties, additionalProperties, items, anyOf } = schema as Record<string, unknown>;
  for (const [name, field] of Object.entries(properties ?? {})) {
    found.add(`${path}.${name}`);
    fieldsOf(field, `${path}.${name}`, found);
  }
  fieldsOf(additionalProperties, `${path}.*`, found);
  fieldsOf(items, `${path}[]`, found);
  for (const option of Array.isArray(anyOf) ? anyOf : []) fieldsOf(option, path, found);
}

test('the file with every field has every field', () => {
  const all = new Set<string>();
  fieldsOf(describedSchema(), '', all);
  const text = readFileSync(join(good, 'full.yaml'), 'utf8');
  // `requires` is the same at the top and in a service.
  const names = [...all].map((path) => path.slice(path.lastIndexOf('.') + 1));
  assert.deepEqual(
    names.filter((name) => !new RegExp(`\\b${name}:`).test(text)),
    [],
  );
});

test('defaults of maps hold also when the map is not written', async () => {
  const { services } = await readText(`services:
  short: { command: a, endpoint: 8080, restart: always }
  long:
    command: a
    endpoint: { listen: 8081 }
    healthcheck: {}
    restart: { policy: always }
`);
  const [short, long] = services;
  assert.deepEqual(short?.healthcheck, long?.healthcheck);
  assert.deepEqual(short?.restart, long?.restart);
  assert.deepEqual({ ...short?.endpoint, port: 8081 }, long?.endpoint);
});

test('what is asked by default depends on the driver', async () => {
  const { services } = await readText(`services:
  db: { driver: postgres }
  web: { command: a, endpoint: 80 }
  job: { command: a }
  ext: { driver: external, mode: observe, external: { status: a } }
  pid: { driver: external, mode: observe, external: { pid_file: a } }
  far: { driver: external, mode: observe }
  any: { driver: external, mode: observe, endpoint: 0.0.0.0:81, external: { pid_file: a } }
  six: { driver: external, mode: observe, endpoint: "[::]:82", healthcheck: { http: /up } }
`);
  const probes = services.map(({ healthcheck }) => healthcheck?.probe ?? null);
  const kinds = probes.map((probe) => probe?.kind ?? null);
  assert.deepEqual(kinds, ['driver', 'tcp', null, 'driver', 'driver', null, 'tcp', 'http']);
  assert.deepEqual(probes[1], { kind: 'tcp', address: null });
  assert.deepEqual(probes[6], { kind: 'tcp', address: '127.0.0.1:81' });
  assert.equal(probes[7]?.kind === 'http' ? probes[7].url : null, 'http://[::1]:82/up');
});

test('a stack in TypeScript is read, and found', async () => {
  const directory = mkdtempSync(join(scratch, 'module-'));
  assert.equal(findStackFile(directory), null);
  const file = join(directory, 'daruma.config.ts');
  const stack: StackInput = defineStack({
    name: 'typed',
    services: { api: { command: ['node', 'api.js'], replicas: 2, environment: { HERE: '$HOME' } } },
  });
  writeFileSync(file, `const stack: object = ${JSON.stringify(stack)};\nexport default stack;\n`);
  assert.equal(findStackFile(directory), file);
  const spec = await read(file, { HOME: '/home/me' });
  assert.equal(spec.services[0]?.environment['HERE'], '/home/me');
  assert.equal(spec.services[0]?.replicas, 2);
  writeFileSync(join(directory, 'daruma.yaml'), '');
  assert.equal(findStackFile(directory), join(directory, 'daruma.yaml'));
});

test('problems of a module have a path, but no line', async () => {
  const file = join(scratch, 'wrong.config.mjs');
  writeFileSync(file, 'export default { services: { api: { comand: "a" } } };\n');
  const result = await readStack({ file, environment: {} });
  assert.ok(!result.ok);
  assert.deepEqual(
    result.problems.map((problem) => formatProblem({ ...problem, file: 'x.mjs' })),
    ['x.mjs: services.api.comand: unknown; did you mean `command`?'],
  );
});

test('there is an error of its own for a file that is not there', async () => {
  const promise = readStack({ file: join(scratch, 'none.yaml'), environment: {} });
  await assert.rejects(promise, { code: 'STACK_NOT_FOUND' });
});

test('unset variables and shell operators are warned of', async () => {
  const file = join(scratch, 'warned.yaml');
  writeFileSync(file, 'services:\n  api:\n    command: a ${NOT_SET} && b\n');
  const result = await readStack({ file, environment: {} });
  assert.ok(result.ok);
  assert.deepEqual(
    result.warnings.map((problem) => formatProblem({ ...problem, file: 'f' })),
    [
      'f:3:5: services.api.command: `NOT_SET` is not set: taken as empty',
      'f:3:5: services.api.command: `&&` is passed to the program as it is; ' +
        'say `shell: true` if a shell should read the command',
    ],
  );
});

const names = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
/** Any text, written such that nothing in it is a variable. */
const anyText = fc.string({ unit: 'binary', minLength: 1 });
const dollars = (text: string) => text.replaceAll('$', '$$$$');

const randomService = fc.record({
  command: fc.array(anyText, { minLength: 1, maxLength: 4 }),
  environment: fc.dictionary(fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/), anyText),
  replicas: fc.integer({ min: 1, max: 50 }),
  graceMs: fc.integer({ min: 0, max: 100_000_000 }),
  memoryBytes: fc.integer({ min: 0, max: 2 ** 40 }),
});

test('whatever is right survives: texts, numbers, durations, sizes, order', async () => {
  const stacks = fc.dictionary(names, randomService, { minKeys: 1, maxKeys: 5 });
  await fc.assert(
    fc.asyncProperty(stacks, async (stack) => {
      const services = Object.entries(stack).map(([name, service], index) => {
        const earlier = Object.keys(stack).slice(0, index);
        const environment = Object.entries(service.environment).map(([k, v]) => [k, dollars(v)]);
        const written = {
          command: service.command.map(dollars),
          environment: Object.fromEntries(environment),
          replicas: service.replicas,
          stop_grace_period: `${service.graceMs}ms`,
          limits: { memory: `${service.memoryBytes}b` },
          depends_on: earlier,
        };
        return [name, written] as const;
      });
      const spec = await readText(stringify({ services: Object.fromEntries(services) }));
      assert.deepEqual(
        spec.services.map((one) => one.name),
        Object.keys(stack),
      );
      for (const one of spec.services) {
        const given = stack[one.name];
        assert.deepEqual(one.command?.argv, given?.command);
        assert.deepEqual({ ...one.environment }, { ...given?.environment });
        assert.equal(one.replicas, given?.replicas);
        assert.equal(one.stopGracePeriodMs, given?.graceMs);
        assert.equal(one.limits.memoryBytes, given?.memoryBytes);
      }
    }),
    { numRuns: 200 },
  );
});

test('whatever is written, reading it ends with a stack or with problems', async () => {
  const lines = fc.array(
    fc.tuple(
      fc.nat(4),
      fc.oneof(names, fc.constantFrom('services:', 'api:', '- &a', '*a', '<<: *a', '${', '{[')),
      anyText,
    ),
  );
  await fc.assert(
    fc.asyncProperty(lines, async (parts) => {
      const text = parts.map(([indent, word, rest]) => `${'  '.repeat(indent)}${word} ${rest}`);
      const file = join(scratch, 'random.yaml');
      writeFileSync(file, text.join('\n'));
      const result = await readStack({ file, environment: {} });
      assert.ok(result.ok || result.problems.length > 0);
    }),
    { numRuns: 300 },
  );
});

test('requirements are verified', async () => {
  const environment = { PATH: process.env['PATH'] ?? '' };
  const met = await readText(`services: { a: { command: a } }
requires:
  programs: [sh, { name: node, version: ">=20" }]
  files: [., { path: /bin/sh, access: execute }]
  disk: [{ path: ., free: 1b }]
  kernel: [{ name: kernel.ostype, equals: Linux }, { name: kernel.pid_max, at_least: 1 }]
`);
  assert.deepEqual(await checkRequirements(met, environment), []);
  const unmet = await readText(`services:
  a:
    command: a
    requires:
      programs: [no-such-program, { name: node, version: "<1" }, { name: ./silent }]
      files: [absent]
      disk: [{ path: ., free: 4000000g }, { path: absent, free: 1b }]
      kernel: [{ name: kernel.no_such, at_least: 1 }, { name: kernel.ostype, equals: Plan9 }]
`);
  const problems = await checkRequirements(unmet, environment);
  const shown = problems.map(({ path, message }) => `${path}: ${message}`.replaceAll(scratch, ''));
  const expected = [
    /^services\.a\.requires\.programs\[0\]: there is no program `no-such-program` on the PATH$/,
    /^services\.a\.requires\.programs\[1\]: `node` <1 is needed, [\d.]+ is there \(.+\)$/,
    /^services\.a\.requires\.programs\[2\]: there is no program `\.\/silent`/,
    /^services\.a\.requires\.files\[0\]: there is no \/absent$/,
    /^services\.a\.requires\.disk\[0\]: 4000000\.0 GiB must be free at .*, [\d.]+ [GM]iB is$/,
    /^services\.a\.requires\.disk\[1\]: the free space at \/absent can’t be read: /,
    /^services\.a\.requires\.kernel\[0\]: there is no kernel setting kernel\.no_such$/,
    /^services\.a\.requires\.kernel\[1\]: kernel\.ostype must be Plan9, it is Linux$/,
  ];
  assert.equal(shown.length, expected.length, shown.join('\n'));
  for (const [index, pattern] of expected.entries()) assert.match(shown[index] ?? '', pattern);
});

test('what is to be run is looked for', async () => {
  const environment = { PATH: process.env['PATH'] ?? '' };
  const there = await readText(`services:
  a: { command: sh -c true }
  b: { command: [/bin/sh, -c, "true"] }
  c: { command: ["\${DARUMA_NODE}", api.js] }
  d: { command: own, environment: { PATH: "\${DATA_DIR}/bin" }, data_dir: data }
`);
  assert.deepEqual(await checkCommands(there, environment), []);
  const missing = await readText(`services:
  a: { command: no-such-program }
  b: { command: [./absent] }
  c: { command: sh -c true, working_dir: absent }
  d: { command: sh, environment: { PATH: /absent } }
  e: { driver: external, external: { start: [no-such-program], stop: [sh, -c, "true"] } }
  f:
    mode: observe
    driver: external
    external: { start: [no-such-program], stop: [no-such-program], status: [no-such-program] }
`);
  const problems = await checkCommands(missing, environment);
  const shown = problems.map(({ path, message }) => `${path}: ${message}`.replaceAll(scratch, ''));
  assert.deepEqual(shown, [
    'services.a.command: there is no program `no-such-program` on the PATH',
    'services.b.command: there is no program /absent, or no right to run it',
    'services.c.command: there is no directory /absent to run it in',
    'services.d.command: there is no program `sh` on the PATH',
    'services.e.external.start: there is no program `no-such-program` on the PATH',
    'services.f.external.status: there is no program `no-such-program` on the PATH',
  ]);
});
