/** Real-life Compose files become stack files that `daruma check` finds right. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { planImport } from '../../src/install/import.ts';
import { thisMachine } from '../../src/install/this-machine.ts';
import { formatProblem } from '../../src/stack/problem.ts';
import { readStack } from '../../src/stack/read.ts';
import { freePort } from '../free-port.ts';

const cases = fileURLToPath(new URL('compose', import.meta.url));
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'daruma-import-'));
after(() => rmSync(scratch, { recursive: true }));

const programs = ['node', 'npm', 'sh', 'gunicorn', 'celery', 'curl', 'wget'];
const machine = {
  hasProgram: (name: string) => programs.includes(name),
  hasUser: (name: string) => name === 'node',
};

/** A directory with one Compose file and what lies beside it. */
function project(name: string): string {
  const directory = join(scratch, name, 'project');
  mkdirSync(directory, { recursive: true });
  cpSync(join(cases, `${name}.yaml`), join(directory, 'compose.yaml'));
  writeFileSync(join(directory, 'site.env'), 'A=1\n');
  return directory;
}

async function problems(file: string): Promise<string[]> {
  const read = await readStack({ file, environment: {} });
  return [...(read.ok ? [] : read.problems), ...read.warnings].map(formatProblem);
}

describe('a Compose file becomes a stack file', () => {
  const names = readdirSync(cases).filter((name) => name.endsWith('.yaml'));
  for (const name of names.map((each) => each.replace(/\.yaml$/, ''))) {
    test(name, async () => {
      const directory = project(name);
      const output = join(directory, 'daruma.yaml');
      const { plan } = planImport({ file: join(directory, 'compose.yaml'), output, machine });
      const text = plan.files[0]?.text ?? '';
      const expected = join(cases, `${name}.expected`);
      assert.equal(text, readFileSync(expected, 'utf8'));
      writeFileSync(output, text);
      assert.deepEqual(await problems(output), []);
    });
  }
});

describe('daruma import', () => {
  const directory = join(scratch, 'site');
  const stack = join(directory, 'daruma.yaml');
  mkdirSync(directory);

  function daruma(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const argv = ['--disable-warning=ExperimentalWarning', main, ...args];
    return new Promise((resolve) => {
      execFile(process.execPath, argv, { cwd: directory }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err });
      });
    });
  }

  test('what was imported runs, and tells what was lost', async () => {
    const port = await freePort();
    mkdirSync(join(directory, 'web'));
    writeFileSync(
      join(directory, 'web/server.cjs'),
      `require('node:http').createServer((_, answer) => answer.end(process.env.GREETING))
        .listen(Number(process.argv[3]), '127.0.0.1');\n`,
    );
    const web = {
      build: './web',
      working_dir: '/app',
      command: [process.execPath, '/app/server.cjs', '--port', '3000'],
      environment: { GREETING: 'hello from ${PLACE:-here}' },
      ports: [`${port}:3000`],
      restart: 'always',
    };
    const late = { image: 'late', profiles: ['later'] };
    writeFileSync(join(directory, 'compose.yaml'), JSON.stringify({ services: { web, late } }));
    const imported = await daruma('import', 'compose.yaml');
    assert.equal(imported.code, 0, imported.err);
    assert.equal(imported.err, '');
    const lines = [
      `wrote ${stack}`,
      'run by Daruma: web',
      'left out: late',
      'not carried over:',
      '  web',
      '    build (./web): nothing is built: install what it needs there',
      '  late',
      '    profiles (later): left out',
      'next:',
      '  look through daruma.yaml for TODO',
      '  daruma check',
      '  daruma up',
      '',
    ];
    assert.deepEqual(imported.out.split('\n'), lines);
    const checked = await daruma('check');
    assert.equal(checked.code, 0, checked.out);
    try {
      const up = await daruma('up', '--detach');
      assert.equal(up.code, 0, up.err);
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      assert.equal(await answer.text(), 'hello from here');
    } finally {
      await daruma('down');
    }
  });

  test('a stack file that is there is kept, or replaced when told to', async () => {
    const kept = readFileSync(stack, 'utf8');
    const refused = await daruma('import', 'compose.yaml');
    assert.equal(refused.code, 8);
    assert.match(refused.err, /there already: .*daruma\.yaml\nGive --force/);
    assert.equal(readFileSync(stack, 'utf8'), kept);
    writeFileSync(stack, '');
    assert.equal((await daruma('import', 'compose.yaml', '--force')).code, 0);
    assert.equal(readFileSync(stack, 'utf8'), kept);
  });

  test('a stack file elsewhere finds what it needs; --json', async () => {
    writeFileSync(join(directory, '.env'), 'PLACE=there\n');
    const output = join(scratch, 'elsewhere/stack.yaml');
    const { code, out } = await daruma('import', 'compose.yaml', '--output', output, '--json');
    assert.equal(code, 0);
    const told = JSON.parse(out);
    assert.equal(told.file, output);
    assert.deepEqual(
      told.services.map((each: { name: string; place: string }) => [each.name, each.place]),
      [
        ['web', 'daruma'],
        ['late', 'nowhere'],
      ],
    );
    const reason = 'only one beside the stack file is read';
    assert.deepEqual(told.lost, [{ field: '.env', value: '', reason }]);
    const read = await readStack({ file: output, environment: {} });
    assert.ok(read.ok);
    assert.equal(read.spec.services[0]?.workingDir, join(directory, 'web'));
  });

  test('what is not a Compose file is told, and nothing written', async () => {
    const file = join(scratch, 'odd/compose.yaml');
    mkdirSync(join(scratch, 'odd'));
    const wrong: readonly (readonly [string, RegExp])[] = [
      ['services: { web: { ports: 80 } }', /is not understood: services\.web\.ports: /],
      ['services: [', /can't be read: /],
      ['services: {}', /has no services/],
    ];
    for (const [text, message] of wrong) {
      writeFileSync(file, text);
      const { code, err } = await daruma('import', file);
      assert.equal(code, 2);
      assert.match(err, message);
    }
    assert.equal((await daruma('import', join(scratch, 'none.yaml'))).code, 2);
    assert.equal(existsSync(join(scratch, 'odd/daruma.yaml')), false);
  });
});

test('programs and users of this machine are known', () => {
  const here = thisMachine('/nowhere:/usr/bin:/bin');
  assert.equal(here.hasProgram('sh', scratch), true);
  assert.equal(here.hasProgram('no-such-program', scratch), false);
  writeFileSync(join(scratch, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  assert.equal(here.hasProgram('./run.sh', scratch), true);
  assert.equal(here.hasProgram('./site', scratch), false);
  assert.equal(here.hasUser('root'), true);
  assert.equal(here.hasUser('no-such-user'), false);
});
