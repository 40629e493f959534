/**
 * Addresses in texts of a Compose file. In Docker's network services reach each other by name and
 * listen on ports of their own; on the machine a name is an endpoint and the port is `$PORT`.
 */
export interface Peer {
  /** In the stack file. */
  readonly name: string;
  /** The port in the container that the endpoint leads to; null: it has no endpoint. */
  readonly target: string | null;
}

/** By the name in the Compose file. */
export type Peers = ReadonlyMap<string, Peer>;

export interface Addressed {
  readonly text: string;
  /** Such as `db:5432`: named, but without an endpoint that leads there. */
  readonly unreachable: readonly string[];
}

/** `db:5432`, and `//db` or `@db` without a port, become `${services.db.host}:${…port}`. */
export function withEndpoints(given: string, peers: Peers): Addressed {
  const unreachable: string[] = [];
  let text = given;
  for (const [name, peer] of peers) {
    const named = new RegExp(
      `(^|//|[@,=\\s"'(])${literal(name)}(?::(\\d+))?(?=$|[/,?\\s"')])`,
      'g',
    );
    text = text.replace(named, (whole, before: string, port?: string) => {
      if (port === undefined && before !== '//' && before !== '@') return whole;
      if (peer.target !== null && (port ?? peer.target) === peer.target) {
        return `${before}\${services.${peer.name}.host}:\${services.${peer.name}.port}`;
      }
      unreachable.push(port === undefined ? name : `${name}:${port}`);
      return whole;
    });
  }
  return { text, unreachable };
}

/** Whether a text names the service in a way that would be read as its address. */
export function names(text: string, service: string): boolean {
  const { unreachable } = withEndpoints(
    text,
    new Map([[service, { name: service, target: null }]]),
  );
  return text === service || unreachable.length > 0;
}

const anyAddress = String.raw`(?:0\.0\.0\.0|\[::\]|\*)?`;
const ownAddress = String.raw`(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]|\*)?`;

/** A port to listen on, as `0.0.0.0:3000` or `--port 3000`, becomes `$PORT`. */
export function listeningOnOwnPort(text: string, port: string): string {
  const number = literal(port);
  return text
    .replace(new RegExp(`(?<=(?:^|[\\s="'])${anyAddress}:)${number}(?=$|[\\s"'])`, 'g'), '${PORT}')
    .replace(
      new RegExp(
        `(?<=(?:^|\\s)-{1,2}(?:p|port|[\\w-]+-port)[=\\s]["']?)${number}(?=$|[\\s"'])`,
        'g',
      ),
      '${PORT}',
    );
}

/** A client of its own, such as a health check: `localhost:3000` becomes `localhost:$PORT`. */
export function askingOwnPort(text: string, port: string): string {
  const address = `(?<=(?:^|//|[\\s="'])${ownAddress}:)${literal(port)}(?=$|[\\s/?"'])`;
  return listeningOnOwnPort(text, port).replace(new RegExp(address, 'g'), '${PORT}');
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
