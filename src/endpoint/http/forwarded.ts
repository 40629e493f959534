/** What instances are told of the client: X-Forwarded-For, -Proto and -Host. */
import type { Fields } from './fields.ts';

export interface Peer {
  readonly address: string;
  /** It may be a proxy on this machine that speaks for clients of its own. */
  readonly isLocal: boolean;
}

export function peerOf(remoteAddress: string | undefined): Peer {
  const address = (remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
  return { address, isLocal: address.startsWith('127.') || address === '::1' };
}

/** What clients say about this themselves is believed only from this machine. */
export function forwardedLines(fields: Fields, { address, isLocal }: Peer, host: string): string {
  const before = isLocal ? fields.all('x-forwarded-for') : [];
  fields.drop('x-forwarded-for');
  if (!isLocal) fields.drop('forwarded', 'x-forwarded-host', 'x-forwarded-proto');
  const hasProtocol = isLocal && fields.has('x-forwarded-proto');
  const hasHost = isLocal && fields.has('x-forwarded-host');
  return (
    `X-Forwarded-For: ${[...before, address].join(', ')}\r\n` +
    (hasProtocol ? '' : 'X-Forwarded-Proto: http\r\n') +
    (hasHost || host === '' ? '' : `X-Forwarded-Host: ${host}\r\n`)
  );
}
