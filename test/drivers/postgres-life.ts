/**
 * The life of one database, run by `postgres-users.test.ts` from a copy of the sources as one user
 * or another. Arguments: state directory, shared directory. Prints what it found as JSON.
 */

import assert from 'node:assert/strict';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { findAccount } from '../../src/drivers/account.ts';
import { createDrivers } from '../../src/drivers/index.ts';
import { freePort } from '../free-port.ts';
import { contextOf, end, postgresService, start } from './scene.ts';

const [stateDir = '', sharedDir = ''] = process.argv.slice(2);
const { postgres: driver } = createDrivers({ sharedDir });
assert.equal(driver.kind, 'process');
const context = contextOf(postgresService(await freePort()), stateDir);

for (const signal of ['SIGKILL', 'SIGINT'] as const) {
  const launch = await driver.launch(context);
  const account = launch.user === null ? null : await findAccount(launch.user);
  const child = start(launch, account === null ? null : { uid: account.uid, gid: account.gid });
  try {
    await driver.settle?.(context);
    await driver.check?.(context, 10_000);
  } finally {
    await end(child, launch, signal);
  }
}

const { argv, user } = await driver.launch(context);
const data = await realpath(join(stateDir, 'data', 'db.1'));
console.log(JSON.stringify({ user, program: argv[0], data }));
