/** Programs that listen on TCP ports, as far as this user may see; from `/proc`. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

export interface Listener {
  /** `8080` for any address or the loopback, else `10.0.0.1:8080`; lowest port first. */
  readonly addresses: readonly string[];
  readonly pid: number;
  /** Name of the program's file, such as `nginx`. */
  readonly program: string;
  /** The systemd unit that it belongs to, such as `nginx.service`; null: none. */
  readonly unit: string | null;
}

interface ListeningSocket {
  readonly inode: string;
  readonly address: string;
  readonly port: number;
}

const listening = '0A';

/** One for each program; a socket that several processes share is the oldest one's. */
export function findListeners(): Listener[] {
  const sockets = new Map(listeningSockets().map((socket) => [socket.inode, socket]));
  const pids = entriesOf('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap((pid) => {
      const own = socketsOf(pid).flatMap((inode) => sockets.get(inode) ?? []);
      for (const { inode } of own) sockets.delete(inode);
      if (own.length === 0) return [];
      const sorted = own.sort((a, b) => a.port - b.port).map(({ address }) => address);
      const program = basename(linkOf(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
      return [{ addresses: [...new Set(sorted)], pid, program, unit: unitOf(pid) }];
    });
}

function listeningSockets(): ListeningSocket[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) =>
    textOf(table)
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
        const [host = '', port = ''] = local.split(':');
        if (state !== listening || inode === '0') return [];
        const number = Number.parseInt(port, 16);
        return [{ inode, port: number, address: formatAddress(host, number) }];
      }),
  );
}

/** The kernel writes an address as words of four bytes, each in the machine's byte order. */
export function formatAddress(hex: string, port: number): string {
  const bytes = Buffer.from(hex, 'hex');
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
  const any = bytes.every((byte) => byte === 0);
  const loopback = bytes.length === 4 ? bytes[0] === 127 : /^0*1$/.test(bytes.toString('hex'));
  if (any || loopback) return String(port);
  if (bytes.length === 4) return `${bytes.join('.')}:${port}`;
  const groups = Array.from({ length: 8 }, (_, index) =>
    bytes.readUInt16BE(index * 2).toString(16),
  );
  return `[${groups.join(':')}]:${port}`;
}

function socketsOf(pid: number): string[] {
  return entriesOf(`/proc/${pid}/fd`).flatMap((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
    return inode === undefined ? [] : [inode];
  });
}

function unitOf(pid: number): string | null {
  const groups = textOf(`/proc/${pid}/cgroup`);
  return /\/system\.slice\/(?:.*\/)?([^/\n]+\.service)/.exec(groups)?.[1] ?? null;
}

/** Empty when the process has ended or belongs to another user, or the kernel has no such table. */
function unlessGone<T>(read: () => T, empty: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return empty;
    throw error;
  }
}

function entriesOf(directory: string): string[] {
  return unlessGone(() => readdirSync(directory), []);
}

function linkOf(path: string): string {
  return unlessGone(() => readlinkSync(path), '');
}

export function textOf(path: string): string {
  return unlessGone(() => readFileSync(path, 'utf8'), '');
}
