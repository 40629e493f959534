/** Whatever was learned, or imported by somebody hostile, no guard is switched off by it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { apply } from '../../src/engine/apply.ts';
import { step } from '../../src/engine/index.ts';
import { anyKnowledge } from '../../src/learn/knowledge.fixture.ts';
import type { LogRecord } from '../../src/model/record.ts';
import { makeCase } from '../../src/sim/make-case.ts';
import { runCase } from '../../src/sim/run.ts';

/** The engine, which learned this before its first step. */
function taught(seed: number, services: readonly string[]): typeof step {
  const [knowledge] = fc.sample(anyKnowledge(services), { seed, numRuns: 1 });
  assert.ok(knowledge);
  return (state, event) => {
    const result = step(state, event);
    if (event.kind !== 'configured' || state.knowledge.stack.observedMs > 0) return result;
    const record: LogRecord = { at: state.at, kind: 'knowledge-imported', knowledge, by: 'eve' };
    apply(state, record);
    return { ...result, records: [...result.records, record] };
  };
}

describe('whatever was learned, guards hold', () => {
  for (const [title, prefix, count] of [
    ['stacks', '', 60],
    ['with a primary', 'g', 20],
  ] as const) {
    test(title, async () => {
      const wrong: string[] = [];
      for (let seed = 1; seed <= count; seed += 1) {
        const given = makeCase(`${prefix}${seed}`);
        const names = given.spec.services.map(({ name }) => name);
        const { violations } = await runCase(given, { step: taught(seed, names) });
        for (const { checker, text } of violations) {
          // What is proven never to help is rightly left to a person.
          const isProven = checker === 'person' && text.includes('no action known mends this');
          if (!isProven) wrong.push(`${given.seed}: ${checker}: ${text}`);
        }
      }
      assert.deepEqual(wrong, []);
    });
  }
});
