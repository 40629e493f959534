/** A case can be cut down to each kind of fault alone, be said on a command line, and replays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allFaults, type Case, type Cut, cutCase, type Fault } from '../../src/sim/case.ts';
import { commandLine, readArguments } from '../../src/sim/command-line.ts';
import { makeCase } from '../../src/sim/make-case.ts';
import { runCase } from '../../src/sim/run.ts';

const extras = ['request', 'answer', 'meddling', 'log-lines', 'host-disk', 'host-io'] as const;
const kinds: readonly Fault['name'][] = [...allFaults, ...extras];

/** What befalls only who may be primary. */
const ofReplicas: readonly Fault['name'][] = ['no-position'];

/** The first case of the seeds that has such a fault. */
function caseWith(kind: Fault['name']): { readonly given: Case; readonly fault: Fault } {
  const prefix = ofReplicas.includes(kind) ? 'g' : '';
  for (let seed = 1; seed < 2_000; seed += 1) {
    const given = makeCase(`${prefix}${seed}`);
    const fault = given.faults.find((one) => one.name === kind);
    if (fault !== undefined) return { given, fault };
  }
  throw new Error(`no seed has ${kind}`);
}

for (const kind of [...kinds, ...ofReplicas]) {
  test(kind, async () => {
    const { given, fault } = caseWith(kind);
    const cut: Cut = { faults: [fault.id], services: null, single: false };
    const alone = cutCase(given, cut);
    assert.deepEqual(alone.faults, [fault]);
    const args = commandLine(given.seed, cut).split(' ').slice(4);
    assert.deepEqual(readArguments(args)?.cut, cut);
    const result = await runCase(alone);
    assert.deepEqual(result.violations, []);
    assert.deepEqual(await runCase(cutCase(makeCase(given.seed), cut)), result);
    const others = given.spec.services.map((one) => one.name).filter((one) => !isAt(fault, one));
    const without = cutCase(given, { ...cut, services: others });
    assert.equal(without.faults.length, 'target' in fault ? 0 : without.faults.length);
  });
}

test('what leaves nothing to run is wrong use, not a success', () => {
  const [service] = makeCase('1').spec.services;
  assert.deepEqual(readArguments(['--seed', '1', '--services', service?.name ?? ''])?.seeds, ['1']);
  const wrong = ['--seeds 0', '--threads 0', '--seed 1 --services zz', '--seed 1 --faults 99999'];
  for (const args of wrong) assert.throws(() => readArguments(args.split(' ')), TypeError, args);
  assert.equal(readArguments(['--help']), null);
});

function isAt(fault: Fault, service: string): boolean {
  return 'target' in fault && fault.target.startsWith(`${service}/`);
}
