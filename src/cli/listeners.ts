/** Programs that listen on TCP ports, as far as this user may see. Linux: by `/proc`. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

export interface Listener {
  readonly ports: readonly number[];
  readonly pid: number;
  /** Name of the program's file, such as `nginx`. */
  readonly program: string;
  /** The systemd unit that runs it, such as `nginx.service`; null: none. */
  readonly unit: string | null;
}

const listening = '0A';

/** One for each process, ports sorted; a port that several share is the first process's. */
export function findListeners(): Listener[] {
  const ports = listeningSockets();
  const found: Listener[] = [];
  const taken = new Set<number>();
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  for (const pid of pids.map(Number).sort((a, b) => a - b)) {
    const own = socketsOf(pid).flatMap((inode) => ports.get(inode) ?? []);
    const fresh = [...new Set(own)].filter((port) => !taken.has(port));
    for (const port of fresh) taken.add(port);
    if (fresh.length === 0) continue;
    const program = basename(linkOr(`/proc/${pid}/exe`, 'unknown')).replace(/ \(deleted\)$/, '');
    found.push({ ports: fresh.sort((a, b) => a - b), pid, program, unit: unitOf(pid) });
  }
  return found;
}

/** Inode of the socket → port. */
function listeningSockets(): Map<string, number> {
  const sockets = new Map<string, number>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of textOr(table, '').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] !== listening) continue;
      const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
      sockets.set(fields[9] ?? '', port);
    }
  }
  return sockets;
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOr(`/proc/${pid}/fd/${fd}`, ''))?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return []; // It has ended, or belongs to another user.
  }
}

function unitOf(pid: number): string | null {
  const groups = textOr(`/proc/${pid}/cgroup`, '');
  return /\/system\.slice\/(?:.*\/)?([^/\n]+\.service)/.exec(groups)?.[1] ?? null;
}

function linkOr(path: string, fallback: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return fallback; // As above.
  }
}

function textOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback; // As above; or a kernel without IPv6.
  }
}
