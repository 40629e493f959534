/**
 * The listening addresses, bound and never listened on by us: whoever inherits them listens. A
 * socket once listened on stays so for as long as we hold it, so connections wait in its queue
 * while an endpoint process is replaced.
 */

import { closeSync } from 'node:fs';
import net from 'node:net';
import { type HeldAddress, ListenError } from '../ports/keeper.ts';

export interface HeldSocket extends HeldAddress {
  /** Null: this Node.js can't bind without listening; the endpoint process binds by itself. */
  readonly fd: number | null;
  close(): void;
}

const canHold = typeof net.BoundSocket === 'function';

/** Throws a ListenError. */
export function bind(address: HeldAddress): HeldSocket {
  const { host, port } = address;
  if (!canHold) return { ...address, fd: null, close: () => undefined };
  try {
    const bound = new net.BoundSocket({ host, port });
    return { ...address, fd: bound.fd(), close: () => bound.close() };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'START_FAILED';
    throw new ListenError(code, address);
  }
}

/** Sockets that this process was started with, as file descriptors 3, 4, … */
export function inherited(addresses: readonly HeldAddress[]): HeldSocket[] {
  return addresses.map((address, index) => {
    const fd = index + 3;
    return { ...address, fd, close: () => closeSync(fd) };
  });
}

export function sameAddress(a: HeldAddress, b: HeldAddress): boolean {
  return a.service === b.service && a.role === b.role && a.host === b.host && a.port === b.port;
}

export function addressOf({ service, role, host, port }: HeldAddress): HeldAddress {
  return role === undefined ? { service, host, port } : { service, role, host, port };
}
