/** Asks a running keeper, of whatever version, to hand over to one of this version. */
import { DarumaError } from '../model/errors.ts';
import type { Layout } from '../model/layout.ts';
import { askOnce } from '../ports/json-lines.ts';
import type { KeeperCommand, KeeperRequest } from '../ports/keeper.ts';
import { socketPath } from '../ports/socket-path.ts';

/** The new keeper has to load, nothing more. */
const patienceMs = 30_000;

/**
 * Resolves once the new keeper runs; the old one then ends its controller and itself, and the new
 * one starts a controller of its own. What they start gets our environment. Rejects with
 * NOT_RUNNING when there is no keeper, and with START_FAILED when the new one doesn't start: then
 * the old one goes on.
 */
export async function requestReplace(layout: Layout, command: KeeperCommand): Promise<void> {
  const request: KeeperRequest = { kind: 'replace', ...command, env: process.env };
  let answer: { readonly kind: string; readonly message?: string };
  try {
    const path = socketPath(layout.runDir, 'keeper.sock');
    answer = (await askOnce(path, request, patienceMs)) as typeof answer;
  } catch (cause) {
    throw new DarumaError('NOT_RUNNING', `no keeper answers in ${layout.stateDir}`, { cause });
  }
  if (answer.kind !== 'replaced') {
    throw new DarumaError('START_FAILED', `the keeper was not replaced: ${answer.message}`);
  }
}
