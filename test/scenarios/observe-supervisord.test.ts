/** What supervisord runs is observed through every drill, and then acted upon. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { DrillResult } from '../../src/cli/drill-run.ts';
import { identify } from '../../src/ports/process-identity.ts';
import { freePort } from '../free-port.ts';
import { type Bench, bench, processesOf, until } from './harness.ts';
import { type Supervisord, startSupervisord } from './supervisord.ts';

async function drill(stand: Bench, ...args: string[]): Promise<DrillResult> {
  return stand.json<DrillResult>('drill', ...args, '--timeout', '240');
}

/** The instance is ready again, with the process that supervisord has. */
function settled(stand: Bench, supervisord: Supervisord): Promise<number> {
  return until('Daruma sees what supervisord runs', async () => {
    const { phase, pid } = await stand.instance('web/1');
    return phase === 'ready' && pid === (await supervisord.pid()) && pid;
  });
}

async function nothingWasDone(stand: Bench): Promise<void> {
  const actions = (await stand.incidents()).flatMap((incident) => incident.actions);
  assert.deepEqual(
    actions.filter((action) => !action.wouldOnly || action.begun !== null),
    [],
  );
  const kinds = new Set((await stand.events()).map(({ record }) => record.kind));
  for (const kind of ['instance-starting', 'instance-stopping', 'action-begun'] as const) {
    assert.ok(!kinds.has(kind), kind);
  }
}

/** Whether what a drill has put beside the program still takes memory. */
function leaks(stand: Bench): boolean {
  return processesOf(stand.directory).some((pid) => {
    return identify(pid) !== null && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('kept');
  });
}

/** On a busy machine two checks may be refused before supervisord was asked what became of it. */
const wouldMend = /^would restart web\/1: it (crashed|answers wrongly) \(/;

test('observe mode: every drill is told and nothing is touched', async (t) => {
  const port = await freePort();
  const stand = await bench(t, '');
  const supervisord = await startSupervisord(t, stand.directory, { port, autorestart: true });
  await stand.rewrite(`name: watched\nmode: observe\nservices:${supervisord.stackService(port)}`);
  const first = await supervisord.pid();
  await stand.up({ DRILLED_IN: stand.directory });
  assert.equal(await settled(stand, supervisord), first, 'up started nothing');

  const hang = await drill(stand, 'hang', 'web/1');
  assert.equal(hang.end, 'observed');
  assert.match(hang.summary, /^would restart web\/1: it hangs \(/);
  assert.equal(await settled(stand, supervisord), first);

  const slow = await drill(stand, 'slow', 'web/1');
  assert.equal(slow.end, 'observed');
  assert.match(slow.summary, /^would restart web\/1: it (hangs|is slow) \(/);
  assert.equal(await settled(stand, supervisord), first);
  assert.equal(supervisord.spawned().length, 1);

  const kill = await drill(stand, 'kill', 'web/1');
  assert.equal(kill.end, 'observed');
  assert.match(kill.summary, wouldMend);
  const second = await settled(stand, supervisord);
  assert.notEqual(second, first, 'supervisord itself has restarted it');

  const loop = await drill(stand, 'crash-loop', 'web/1', '--kills', '2');
  assert.equal(loop.end, 'observed');
  assert.match(loop.summary, wouldMend);
  const last = await settled(stand, supervisord);

  const leak = await drill(stand, 'leak', 'web/1');
  assert.equal(leak.end, 'observed');
  assert.match(leak.summary, /^would restart web\/1: it leaks \(memory\.rss > /);
  await until('the leak ended with its drill', () => !leaks(stand));
  const controller = await drill(stand, 'controller-kill');
  assert.equal(controller.end, 'recovered');
  assert.equal(controller.summary, '1 of 1 instances go on as the same process');
  assert.equal(await settled(stand, supervisord), last);
  const restart = await stand.daruma('restart', 'web');
  assert.deepEqual([restart.code, /observe mode/.test(restart.stderr)], [8, true]);

  await nothingWasDone(stand);
  assert.equal(supervisord.spawned().length, 4, 'one start, and one after each of three kills');
  const down = await stand.daruma('down');
  assert.equal(down.code, 0, down.stderr);
  assert.match(down.stdout, /left alone, as it was only observed: /);
  assert.equal(await supervisord.pid(), last, 'down leaves it running');
  assert.equal(supervisord.spawned().length, 4);
});

test('act mode: what supervisord lets lie is restarted through supervisorctl', async (t) => {
  const port = await freePort();
  const stand = await bench(t, '');
  const supervisord = await startSupervisord(t, stand.directory, { port, autorestart: false });
  await stand.rewrite(`name: kept\nservices:${supervisord.stackService(port)}`);
  const first = await supervisord.pid();
  await stand.up();
  assert.equal(await settled(stand, supervisord), first, 'what runs is adopted');

  const kill = await drill(stand, 'kill', 'web/1');
  assert.equal(kill.end, 'recovered', JSON.stringify(kill));
  assert.match(kill.summary, /^restart web\/1: it (crashed|answers wrongly) \(/);
  const second = await settled(stand, supervisord);
  assert.notEqual(second, first);

  const hang = await drill(stand, 'hang', 'web/1');
  assert.equal(hang.end, 'recovered', JSON.stringify(hang));
  assert.match(hang.summary, /^restart web\/1: it hangs \(/);
  assert.notEqual(await settled(stand, supervisord), second);
  const outcomes = (await stand.incidents()).map(({ actions }) => actions.at(-1)?.outcome);
  assert.deepEqual(outcomes, ['verified', 'verified']);

  const down = await stand.daruma('down');
  assert.equal(down.code, 0, down.stderr);
  assert.equal(await supervisord.pid(), 0, 'down stopped it through supervisorctl');
});
