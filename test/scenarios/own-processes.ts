/** Daruma's own processes of a stack under test. */

import { readFileSync } from 'node:fs';
import { lockHolder } from '../../src/ports/lock.ts';
import { identify } from '../../src/ports/process-identity.ts';
import { type Bench, until } from './harness.ts';

function holder(stand: Bench, name: 'keeper' | 'controller'): number {
  const found = lockHolder(`${stand.stateDir}/run/${name}.lock`);
  if (found === null) throw new Error(`there is no ${name}`);
  return found.pid;
}

export const keeperPid = (stand: Bench): number => holder(stand, 'keeper');
export const controllerPid = (stand: Bench): number => holder(stand, 'controller');

export function endpointPid({ stateDir }: Bench): number {
  const { pid } = JSON.parse(readFileSync(`${stateDir}/run/endpoint.json`, 'utf8'));
  return Number(pid);
}

/** Kills the controller; resolves once another one answers. `work`: while there is none. */
export async function killController(stand: Bench, work: () => unknown = () => undefined) {
  const keeper = keeperPid(stand);
  const controller = controllerPid(stand);
  // While its keeper sleeps, nobody starts the next one.
  process.kill(keeper, 'SIGSTOP');
  process.kill(controller, 'SIGKILL');
  await until('the controller is dead', () => identify(controller) === null);
  await work();
  process.kill(keeper, 'SIGCONT');
  await until('another controller decides', async () => {
    const another = controllerPid(stand) !== controller;
    return another && (await stand.view()).state !== 'looking';
  });
}
