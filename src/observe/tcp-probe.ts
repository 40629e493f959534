/** `tcp` checks: healthy when a connection is accepted. */
import { connect } from 'node:net';
import type { WatchedInstance } from '../ports/observer.ts';
import { connectionFailure, failure, type Question } from './check.ts';

export function tcpQuestion(address: string | null, watched: WatchedInstance): Question {
  return (settle) => {
    const target = tcpTarget(address, watched);
    if (target === null) {
      settle(failure(`no address to connect to${address === null ? '' : `: ${address}`}`));
      return () => undefined;
    }
    const socket = connect(target);
    socket.on('connect', () => settle({ ok: true }));
    socket.on('error', (error) => settle(connectionFailure(error)));
    return () => socket.destroy();
  };
}

/** `host:port`, `[v6]:port` or `port`; null: the instance's own port. */
function tcpTarget(
  address: string | null,
  watched: Pick<WatchedInstance, 'port' | 'expand'>,
): { readonly host: string; readonly port: number } | null {
  if (address === null) {
    return watched.port === null ? null : { host: '127.0.0.1', port: watched.port };
  }
  const found = /^(?:\[?([^\]]+?)\]?:)?(\d{1,5})$/.exec(watched.expand(address));
  return found ? { host: found[1] ?? '127.0.0.1', port: Number(found[2]) } : null;
}
