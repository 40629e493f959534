/** Who listens on a port, as far as this user may know. Linux: by `/proc`. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { isIPv4 } from 'node:net';

const listening = '0A';

/**
 * «nginx (pid 123)», or «a process of another user (uid 33)» when we may not see which it is. Null:
 * nobody listens at an address that `host:port` would collide with.
 */
export async function portHolder(host: string, port: number): Promise<string | null> {
  for (const line of await listeners()) {
    const fields = line.trim().split(/\s+/);
    const [address = '', hexPort = ''] = (fields[1] ?? '').split(':');
    if (fields[3] !== listening || Number.parseInt(hexPort, 16) !== port) continue;
    if (!collide(readAddress(address), host)) continue;
    const holder = await processWithSocket(fields[9] ?? '');
    if (holder === null) return `a process of another user (uid ${fields[7]})`;
    return `${holder.name} (pid ${holder.pid})`;
  }
  return null;
}

async function listeners(): Promise<string[]> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((table) => readOr(table, '')),
  );
  return tables.flatMap((table) => table.split('\n').slice(1));
}

function collide(bound: string, host: string): boolean {
  const anywhere = (address: string) => address === '0.0.0.0' || address === '::';
  return bound === host || anywhere(bound) || anywhere(host);
}

/** `0100007F` is 127.0.0.1: each 32-bit word is in the byte order of the machine. */
function readAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [
    ...Buffer.from(word, 'hex').reverse(),
  ]);
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  const url = new URL(`http://[${groups.join(':')}]`);
  const short = url.hostname.slice(1, -1);
  const mapped = bytes.slice(12).join('.');
  return short.startsWith('::ffff:') && isIPv4(mapped) ? mapped : short;
}

async function processWithSocket(inode: string): Promise<{ pid: number; name: string } | null> {
  const wanted = `socket:[${inode}]`;
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    if (await holds(`/proc/${entry}/fd`, wanted)) {
      return { pid: Number(entry), name: await programName(entry) };
    }
  }
  return null;
}

async function holds(fdDir: string, wanted: string): Promise<boolean> {
  try {
    for (const fd of await readdir(fdDir)) {
      if ((await readlink(`${fdDir}/${fd}`).catch(() => '')) === wanted) return true;
    }
  } catch {
    return false; // It has ended, or belongs to another user.
  }
  return false;
}

/** The program's file, as threads may rename what `comm` shows (`node` is `MainThread` there). */
async function programName(pid: string): Promise<string> {
  const path = await readlink(`/proc/${pid}/exe`).catch(() => '');
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/ \(deleted\)$/, '');
  return name === '' ? (await readOr(`/proc/${pid}/comm`, 'a process')).trim() : name;
}

async function readOr(path: string, otherwise: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => otherwise);
}
