/** Looks at what runs on this machine: listening programs, their units, pm2's dump, Compose. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { FoundService } from './first-stack.ts';
import { findListeners, type Listener } from './listeners.ts';

const composeFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
/** Programs that hold ports for others; what is behind them is found elsewhere. */
const notServices = new Set(['docker-proxy', 'sshd', 'systemd', 'systemd-resolved']);

export function discover(directory: string, home: string): FoundService[] {
  const found = [...fromCompose(directory), ...fromPm2(home)];
  const known = new Set(found.map(({ port }) => port));
  const listeners = findListeners()
    .filter(({ pid, program }) => pid !== process.pid && !notServices.has(program))
    .filter(({ ports }) => !ports.some((port) => known.has(port)));
  return [...found, ...listeners.map(fromListener)];
}

function fromListener({ ports, pid, program, unit }: Listener): FoundService {
  const port = ports[0] ?? null;
  const origin = `${program} (pid ${pid}), listening on ${ports.join(', ')}`;
  if (unit === null) {
    return { name: program, origin, port, start: null, stop: null, status: null, logs: null };
  }
  return {
    name: unit.replace(/\.service$/, ''),
    origin: `${origin}, of systemd unit ${unit}`,
    port,
    start: ['systemctl', 'start', unit],
    stop: ['systemctl', 'stop', unit],
    status: ['systemctl', 'is-active', '--quiet', unit],
    logs: ['journalctl', '-f', '-n', '0', '-o', 'cat', '-u', unit],
  };
}

/** pm2 saves what it runs as a JSON list. */
function fromPm2(home: string): FoundService[] {
  const path = join(home, '.pm2/dump.pm2');
  if (!existsSync(path)) return [];
  const list: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!Array.isArray(list)) return [];
  return list.map(
    (entry: { readonly name?: unknown; readonly env?: { readonly PORT?: unknown } }) => {
      const name = String(entry.name ?? 'app');
      const port = Number(entry.env?.PORT);
      return {
        name,
        origin: `pm2 process ${name}`,
        port: Number.isInteger(port) && port > 0 ? port : null,
        start: ['pm2', 'start', name],
        stop: ['pm2', 'stop', name],
        status: ['sh', '-c', 'test -n "$(pm2 pid "$0" | tr -d "0\\n")" || exit 3', name],
        logs: ['pm2', 'logs', '--raw', '--lines', '0', name],
      };
    },
  );
}

interface ComposeService {
  readonly ports?: readonly unknown[];
}

function fromCompose(directory: string): FoundService[] {
  const file = composeFiles.find((name) => existsSync(join(directory, name)));
  if (file === undefined) return [];
  const document: unknown = parse(readFileSync(join(directory, file), 'utf8'));
  const services = (document as { services?: Record<string, ComposeService | null> } | null)
    ?.services;
  return Object.entries(services ?? {}).map(([name, service]) => {
    const compose = ['docker', 'compose', '-f', join(directory, file)];
    return {
      name,
      origin: `service of ${file}`,
      port: publishedPort(service?.ports?.[0]),
      start: [...compose, 'start', name],
      stop: [...compose, 'stop', name],
      status: ['sh', '-c', 'test -n "$("$@")" || exit 3', 'sh', ...compose, 'ps', '-q', name],
      logs: [...compose, 'logs', '-f', '--no-log-prefix', '--tail', '0', name],
    };
  });
}

/** `8080:80`, `127.0.0.1:8080:80/tcp`, `{ published: 8080 }`. */
function publishedPort(port: unknown): number | null {
  const text =
    typeof port === 'object' && port !== null && 'published' in port
      ? String(port.published)
      : /(\d+):\d+(?:\/tcp)?$/.exec(String(port))?.[1];
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : null;
}
