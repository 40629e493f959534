/**
 * How applications report errors to us: a socket that any user may reach, and a secret for each
 * instance that says who reports.
 *
 * 1. The secret follows from the stack's key and the instance, so that it outlives controllers.
 * 2. Under root, services may run as other users, which can't reach the state directory: the socket
 *    is then in /run.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { errorInfo } from '../model/errors.ts';
import { type InstanceId, isInstance } from '../model/ids.ts';
import type { Layout } from '../model/layout.ts';

export const sharedDirectory = '/run/daruma';

export interface ReportAccess {
  /** Absolute path. */
  readonly socket: string;
  /** `api/1.` and a secret. */
  tokenOf(instance: InstanceId): string;
  /** Whose token it is; null: nobody's. */
  reporter(token: string): InstanceId | null;
}

/** `stackId`: unique among all stacks of the machine. */
export function reportAccess(
  layout: Layout,
  stackId: string,
  log: (text: string) => void,
): ReportAccess {
  const key = readKey(`${layout.secretsDir}/report.key`, log);
  const directory = process.geteuid?.() === 0 ? `${sharedDirectory}/${stackId}` : layout.runDir;
  const secretOf = (instance: InstanceId) =>
    createHmac('sha256', key).update(instance).digest('hex');
  return {
    socket: `${directory}/report.sock`,
    tokenOf: (instance) => `${instance}.${secretOf(instance)}`,
    reporter: (token) => {
      const dot = token.lastIndexOf('.');
      const instance = token.slice(0, dot);
      if (!isInstance(instance)) return null;
      return isSame(token.slice(dot + 1), secretOf(instance)) ? instance : null;
    },
  };
}

/** Made once. On a disk that takes none it lasts as long as this process. */
function readKey(file: string, log: (text: string) => void): string {
  const fresh = randomBytes(32).toString('hex');
  try {
    writeFileSync(file, fresh, { mode: 0o600, flag: 'wx' });
    return fresh;
  } catch (error) {
    if (errorInfo(error).code === 'EEXIST') return readFileSync(file, 'utf8');
    log(`the key for error reports could not be kept: ${errorInfo(error).message}`);
    return fresh;
  }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
