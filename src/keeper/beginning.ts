/**
 * Who becomes the keeper of a state directory. Listening sockets can only be inherited, so one that
 * is started beside a running endpoint process has that process start the keeper in its stead.
 */
import type { Layout } from '../model/layout.ts';
import { askOnce } from '../ports/json-lines.ts';
import type { EndpointFile, KeeperCommand, SpawnKeeperRequest } from '../ports/keeper.ts';
import { type Lock, lockHolder, takeLock, waitForLock } from '../ports/lock.ts';
import { isAlive } from '../ports/process-identity.ts';
import { readJsonFile } from '../ports/replace-file.ts';
import { socketPath } from '../ports/socket-path.ts';

/** `taken`: a keeper runs. `delegated`: it does now, started by the endpoint process. */
export type Begun = Lock | 'taken' | 'delegated';

const answerMs = 10_000;
/** The keeper before us first ends its controller. */
const predecessorMs = 30_000;

/** With inherited sockets: the keeper before us is dead, or waits for us to be there. */
export async function inherit(layout: Layout): Promise<Begun> {
  const lock = takeLock(layout.keeperLock);
  if (lock !== null) return lock;
  const path = socketPath(layout.runDir, 'keeper.sock');
  const answer = await askOnce(path, { kind: 'successor' }, answerMs);
  const goes = (answer as { readonly kind: string }).kind === 'going';
  return goes ? ((await waitForLock(layout.keeperLock, predecessorMs)) ?? 'taken') : 'taken';
}

export async function begin(layout: Layout, command: KeeperCommand): Promise<Begun> {
  const lock = takeLock(layout.keeperLock);
  if (lock === null) return 'taken';
  lock.release();
  if (await delegate(layout, command)) return 'delegated';
  const found = readJsonFile(layout.endpointFile) as EndpointFile | null;
  // One that lives and doesn't answer hangs. Its addresses are free once it is gone.
  if (found !== null && isAlive(found)) process.kill(found.pid, 'SIGKILL');
  return takeLock(layout.keeperLock) ?? 'taken';
}

async function delegate(layout: Layout, command: KeeperCommand): Promise<boolean> {
  const path = socketPath(layout.runDir, 'endpoint.sock');
  const request: SpawnKeeperRequest = { kind: 'spawn-keeper', id: 0, command, env: process.env };
  try {
    await askOnce(path, request, answerMs);
  } catch {
    return false; // Nobody, or a process that hangs: either way it starts no keeper.
  }
  const givesUpAt = performance.now() + answerMs;
  while (lockHolder(layout.keeperLock) === null && performance.now() < givesUpAt) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return lockHolder(layout.keeperLock) !== null;
}
