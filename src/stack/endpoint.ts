/** Endpoints: where clients connect. */
import { isIP } from 'node:net';
import type { EndpointSpec } from '../model/stack-spec.ts';
import type { StackDocument } from './document.ts';
import type { Path } from './problem.ts';
import { endpointFields, type RawService } from './schema-service.ts';

type Raw = NonNullable<RawService['endpoint']>;

export function toEndpoint(document: StackDocument, path: Path, raw: Raw): EndpointSpec | null {
  const full = typeof raw === 'object' ? raw : endpointFields.parse({ listen: raw });
  const where = typeof raw === 'object' ? [...path, 'listen'] : path;
  const address = listenAddress(String(full.listen));
  if (address === null) {
    const expected = 'a port from 1 to 65535, or address:port with a numeric address';
    const found = JSON.stringify(full.listen);
    document.complain(where, { message: `expected ${expected}, found ${found}`, expected, found });
    return null;
  }
  return {
    ...address,
    protocol: full.protocol,
    proxyProtocol: full.proxy_protocol,
    drainMs: full.drain,
    connectTimeoutMs: full.connect_timeout,
    ...httpSettings(document, path, full),
  };
}

const httpOnly = ['retry', 'max_body', 'head_timeout', 'idle_timeout'] as const;

function httpSettings(
  document: StackDocument,
  path: Path,
  full: Exclude<Raw, string | number>,
): Pick<EndpointSpec, 'http'> {
  if (full.protocol === 'http') {
    return {
      http: {
        retry: full.retry ?? ['GET', 'HEAD', 'OPTIONS'],
        bodyBytesMax: full.max_body ?? null,
        headTimeoutMs: full.head_timeout ?? 10_000,
        idleTimeoutMs: full.idle_timeout ?? 75_000,
      },
    };
  }
  for (const field of httpOnly) {
    if (full[field] === undefined) continue;
    const hint = 'say `protocol: http` as well';
    document.complain([...path, field], { message: 'does not go with `protocol: tcp`', hint });
  }
  return {};
}

/** `8080`, `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`; null: none of these. */
export function listenAddress(
  text: string,
): { readonly host: string; readonly port: number } | null {
  const [, inBrackets, plain, digits] =
    /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const named = inBrackets ?? plain ?? '127.0.0.1';
  const host = named === 'localhost' ? '127.0.0.1' : named;
  if (digits === undefined || port < 1 || port > 65_535 || isIP(host) === 0) return null;
  if ((isIP(host) === 6) !== (inBrackets !== undefined)) return null;
  return { host, port };
}

/** Whether two endpoints can't listen at the same time: same port, and same or any address. */
export function collide(a: EndpointSpec, b: EndpointSpec): boolean {
  const any = [a.host, b.host].some((host) => host === '0.0.0.0' || host === '::');
  return a.port === b.port && (a.host === b.host || any);
}

/** Where a client on this machine connects: a wildcard address can only be listened on. */
export function clientAddress({ host, port }: EndpointSpec): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return formatAddress({ host: reachable, port });
}

export function formatAddress(endpoint: { readonly host: string; readonly port: number }): string {
  return endpoint.host.includes(':')
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`;
}
