/** Wrong stack files, each with the exact text of its problems beside it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatProblem } from '../../src/stack/problem.ts';
import { readStack } from '../../src/stack/read.ts';

const directory = join(import.meta.dirname, 'wrong');
const environment = { SECRET: 'hunter2' };

/** Problems as a person in the file's directory sees them. */
async function problemsOf(name: string): Promise<string> {
  const result = await readStack({ file: join(directory, name), environment });
  assert.ok(!result.ok, `${name} was taken for right`);
  const lines = result.problems.map((problem) => `${formatProblem(problem)}\n`);
  return lines.join('').replaceAll(`${directory}/`, '');
}

for (const name of readdirSync(directory).filter((file) => file.endsWith('.yaml'))) {
  test(`${name} is refused with a precise error`, async () => {
    const expected = readFileSync(join(directory, name.replace(/yaml$/, 'txt')), 'utf8');
    assert.equal(await problemsOf(name), expected);
  });
}

test('there are at least 30 wrong stack files', () => {
  assert.ok(readdirSync(directory).filter((file) => file.endsWith('.yaml')).length >= 30);
});
