/** What can't start backs off and ends at «needs a person»; others are unaffected. */

import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { freePort } from '../free-port.ts';
import { type Bench, bench, until } from './harness.ts';

const service = path.join(import.meta.dirname, 'services/api.ts');
/** What a crash loop may cost by default settings, the first start included. */
const startsMax = 6;

const stack = (port: number, more = '') => `
name: broken
services:
  good:
    command: ["\${DARUMA_NODE}", ${service}]
    endpoint: ${port}
    environment: { INSTANCE: "\${INSTANCE}" }
  fails:
    command: ["/bin/sh", "./program"]
    ${more}
  absent:
    command: ./absent
    ${more}
`;

const failing = `echo started >>starts
echo 'reading its configuration'
echo 'no licence was found' >&2
exit 1
`;
const lasting = 'exec sleep 1000\n';
const mendAgainMs = 5_000;
/** Where it is not the back-off that is tested. */
const hasty = 'restart: { backoff: { initial: 50ms, max: 200ms } }';

function starts(stand: Bench): number {
  const file = path.join(stand.directory, 'starts');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0;
}

function write(stand: Bench, name: string, text: string): void {
  writeFileSync(path.join(stand.directory, name), `#!/bin/sh\n${text}`);
  chmodSync(path.join(stand.directory, name), 0o755);
}

async function needsPerson(stand: Bench, id: string): Promise<string> {
  return until(`${id} needs a person`, async () => {
    const { needsPerson, note } = await stand.instance(id);
    return needsPerson && note;
  });
}

/** Resolves once it runs. What is written before Daruma has looked at the program that failed
 * counts as a part of that: so it is written again. */
async function mend(stand: Bench, name: string, id: string): Promise<void> {
  let writtenAt = Number.NEGATIVE_INFINITY;
  await until(`${id} is ready`, async () => {
    if (performance.now() > writtenAt + mendAgainMs) {
      write(stand, name, lasting);
      writtenAt = performance.now();
    }
    return (await stand.instance(id)).phase === 'ready';
  });
}

// Most of the time they wait.
describe('what can’t start', { concurrency: true }, () => {
  test('by default: few starts, then a person with the last lines of the log', async (t) => {
    const stand = await bench(t, stack(await freePort()));
    write(stand, 'program', failing);
    const up = await stand.daruma('up', '--detach');
    assert.equal(up.code, 1, 'up tells that not all is well');
    assert.match(up.stderr, /needs a person/);
    const reason = await needsPerson(stand, 'fails/1');
    assert.match(reason, /reading its configuration/);
    assert.match(reason, /no licence was found/);
    assert.match(await needsPerson(stand, 'absent/1'), /cannot run «.\/absent»: no such file/);
    assert.ok(starts(stand) <= startsMax, `${starts(stand)} starts`);
    const incidents = await stand.incidents();
    assert.deepEqual(incidents.map(({ component }) => component).sort(), ['absent/1', 'fails/1']);
    const good = await stand.instance('good/1');
    assert.deepEqual([good.phase, good.restarts], ['ready', 0]);

    assert.equal((await stand.daruma('reset', 'fails')).code, 0);
    await until('it is tried again', () => starts(stand) > startsMax);
    await needsPerson(stand, 'fails/1');
    assert.equal((await stand.instance('absent/1')).needsPerson, true, 'it was not asked for');
    await mend(stand, 'program', 'fails/1');
    assert.equal((await stand.daruma('reset')).code, 0);
    await needsPerson(stand, 'absent/1');
    assert.deepEqual(await stand.pid('good/1'), good.pid);
  });

  test('once the program is mended it is tried at once', async (t) => {
    const stand = await bench(
      t,
      stack(await freePort(), `recovery: { slow_retry: 1h }\n    ${hasty}`),
    );
    write(stand, 'program', failing);
    await stand.daruma('up', '--detach');
    await needsPerson(stand, 'fails/1');
    await needsPerson(stand, 'absent/1');
    await mend(stand, 'program', 'fails/1');
    await mend(stand, 'absent', 'absent/1');
    const { stdout } = await stand.daruma('events');
    assert.match(stdout, /the program of fails\/1 was changed: it is tried again/);
  });

  test('once the program is mended it comes up by itself at a slow try', async (t) => {
    const stand = await bench(
      t,
      stack(await freePort(), `recovery: { slow_retry: 1s }\n    ${hasty}`),
    );
    write(stand, 'program', failing);
    await stand.daruma('up', '--detach');
    await needsPerson(stand, 'fails/1');
    await needsPerson(stand, 'absent/1');
    const before = starts(stand);
    await until('it still tries now and then', () => starts(stand) > before + 1);
    await mend(stand, 'program', 'fails/1');
    await mend(stand, 'absent', 'absent/1');
    await until('both incidents are over', async () => {
      return (await stand.incidents()).every(({ state }) => state === 'resolved');
    });
    assert.equal((await stand.instance('good/1')).restarts, 0);
  });
});
