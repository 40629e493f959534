/** A fixed set of seeds, and some drawn from the commit: each commit looks elsewhere. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { noCut } from '../../src/sim/case.ts';
import { commandLine } from '../../src/sim/command-line.ts';
import { runSeeds } from '../../src/sim/crew.ts';

const groups = Array.from({ length: 200 }, (_, index) => `g${index + 1}`);
/** What few others have: a clock set back behind a snapshot, a death between two records of a step,
 * and an exit, a stop, a failed dependant while a role is handed over. */
groups.push('g245', 'g6092', 'g6031', 'g7227', 'g11719', 'g12516', 'g32599');
const fixed = Array.from({ length: 900 }, (_, index) => String(index + 1));
const drawn = Array.from({ length: 100 }, (_, index) => `${commit()}-${index + 1}`);

/** The same in a source archive without git. */
function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'archive';
  }
}

for (const [title, seeds] of Object.entries({ fixed, groups, drawn })) {
  test(`${seeds.length} ${title} seeds, each twice: no violation, the same log`, async () => {
    const reports = await runSeeds(seeds, { threads: 2 });
    assert.equal(reports.length, seeds.length);
    const wrong = reports.flatMap(({ seed, result, deterministic }) => [
      ...result.violations.map((one) => `${commandLine(seed, noCut)}: ${one.checker}: ${one.text}`),
      ...(deterministic ? [] : [`${commandLine(seed, noCut)}: the second run wrote another log`]),
    ]);
    assert.equal(wrong.length, 0, `\n${wrong.join('\n')}`);
    const steps = reports.reduce((sum, one) => sum + one.result.steps, 0);
    assert.ok(steps > 20 * seeds.length, 'too little happened to mean anything');
  });
}
