/** `tcp` checks: healthy when a connection is accepted. */
import type { WatchedInstance } from '../ports/observer.ts';
import { connectionFailure, failure, type Question } from './check.ts';
import { converse } from './connection.ts';

export function tcpQuestion(address: string | null, watched: WatchedInstance): Question {
  return (settle) => {
    const target = tcpTarget(address, watched);
    if (target === null) {
      settle(failure(`no address to connect to${address === null ? '' : `: ${address}`}`));
      return () => undefined;
    }
    return converse(target.host, target.port, {
      onConnect: () => settle({ ok: true }),
      onError: (error) => settle(connectionFailure(error)),
    });
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
