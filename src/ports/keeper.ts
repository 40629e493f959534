/** The parent process, as the controller and the endpoint process see it. */
import type { Socket } from 'node:net';
import type { ConsoleSpec } from '../model/console-spec.ts';
import type { ServiceName } from '../model/ids.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** An address that the keeper holds for an endpoint. */
export interface HeldAddress {
  readonly service: ServiceName;
  /** Of `endpoint_read`; absent: of `endpoint`. */
  readonly role?: 'read';
  readonly host: string;
  readonly port: number;
}

/** What the controller may ask of its keeper. */
export interface KeeperLink {
  /** Resolves when the endpoint process listens on exactly these; rejects with a ListenError. */
  listen(endpoints: readonly HeldAddress[]): Promise<void>;
  /** Ends the endpoint process. After it, the controller's exit with code 0 ends the keeper too. */
  shutdown(): Promise<void>;
  /** After it, the controller's exit with code 0 ends the keeper; endpoints go on. */
  detach(): Promise<void>;
  /** Where the console is to be; null: nowhere. Never fails: what stands in the way is told in
   * `run/console.json`, and tried again. */
  console(settings: ConsoleSettings | null): void;
  /** The keeper was asked to end (SIGTERM, such as at the machine's shutdown): do a `down`. */
  onTerminate(listener: () => void): void;
  /** Somebody reached us by way of the keeper. */
  onConnection(listener: (connection: Socket) => void): void;
  /** The keeper died and another took over, which waits for this controller to exit with code 0. */
  onLost(listener: () => void): void;
}

export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** A system code such as EADDRINUSE, EACCES, EADDRNOTAVAIL, or START_FAILED. */
  readonly code: string;
  readonly address: HeldAddress | null;
  constructor(code: string, address: HeldAddress | null) {
    super(`${code}${address === null ? '' : ` on ${address.host}:${address.port}`}`);
    this.code = code;
    this.address = address;
  }
}

/** How to run a keeper: `exec` is everything up to the options that differ from start to start. */
export interface KeeperCommand {
  readonly exec: readonly string[];
  readonly controller: readonly string[];
}

/** The arguments of a keeper that inherits `held` as file descriptors 3, 4, … */
export function keeperArgv(command: KeeperCommand, held: readonly HeldAddress[]): string[] {
  const inherited = held.length === 0 ? [] : ['--held', JSON.stringify(held)];
  return [...command.exec, ...inherited, '--', ...command.controller];
}

/** `run/keeper.json`. */
export interface KeeperFile extends ProcessIdentity {
  readonly version: string;
}

/** `run/endpoint.json`. */
export interface EndpointFile extends ProcessIdentity {
  readonly version: string;
}

/** Endpoint process → keeper, on `run/keeper.sock`. */
export type EndpointToKeeper =
  | {
      readonly kind: 'endpoint';
      readonly identity: ProcessIdentity;
      readonly version: string;
      readonly retiring: boolean;
    }
  | { readonly kind: 'ready' }
  | { readonly kind: 'listen-failed'; readonly code: string; readonly address: HeldAddress }
  | { readonly kind: 'beat' };

/** Keeper → endpoint process. */
export type KeeperToEndpoint =
  /** How to bring the keeper back should it die. */
  | { readonly kind: 'keeper'; readonly command: KeeperCommand }
  /** Another endpoint process has taken over: accept no more, end with the last connection. */
  | { readonly kind: 'retire' }
  | { readonly kind: 'shutdown' }
  /** The keeper goes on purpose: don't bring it back. */
  | { readonly kind: 'detach' }
  /** A new keeper is about to take over: bring none back for a while. */
  | { readonly kind: 'successor' };

/** On `run/endpoint.sock`: asks an endpoint process without keeper to start one as its child, which
 * is how that keeper comes by the listening sockets. */
export interface SpawnKeeperRequest {
  readonly kind: 'spawn-keeper';
  readonly id: number;
  readonly command: KeeperCommand;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How the console is to be reached; the keeper passes it on to the API process. */
export interface ConsoleSettings extends ConsoleSpec {
  /** Unique among all stacks of the machine. */
  readonly stackId: string;
  /** How long the API process stays without a connection; absent: a minute. */
  readonly idleMs?: number;
}

/** `run/console.json`; null: there is no console. */
export interface ConsoleFile {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Why nobody listens there. Absent: we do. */
  readonly taken?: string;
}

/** API process → keeper, by IPC. */
export type ApiToKeeper =
  | { readonly kind: 'ready' }
  /** The connection is its own now. */
  | { readonly kind: 'taken'; readonly id: number }
  /** Nobody has needed it for a while. */
  | { readonly kind: 'idle' };

/** Keeper → API process, by IPC. */
export type KeeperToApi =
  /** With its socket. */
  { readonly kind: 'connection'; readonly id: number } | { readonly kind: 'end' };

/** Controller → keeper, by IPC. */
export type ControllerToKeeper =
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'console'; readonly settings: ConsoleSettings | null }
  | { readonly kind: 'listen'; readonly id: number; readonly endpoints: readonly HeldAddress[] }
  | { readonly kind: 'shutdown'; readonly id: number }
  | { readonly kind: 'detach'; readonly id: number };

/** Keeper → controller, by IPC. */
export type KeeperToController =
  | { readonly kind: 'keeper'; readonly command: KeeperCommand }
  | { readonly kind: 'terminate' }
  /** With the socket of who called on `run/relay.sock`. */
  | { readonly kind: 'connection' }
  | { readonly kind: 'listening'; readonly id: number }
  | {
      readonly kind: 'listen-failed';
      readonly id: number;
      readonly code: string;
      readonly address: HeldAddress | null;
    }
  | { readonly kind: 'done'; readonly id: number };

/** One line each on `run/keeper.sock`, answered by one line. */
export type KeeperRequest =
  | { readonly kind: 'status' }
  /** Hands everything to a keeper of another version, and ends. */
  | {
      readonly kind: 'replace';
      /** Program and arguments, up to but without `--`. */
      readonly exec: readonly string[];
      readonly controller: readonly string[];
      /** Of the new keeper and so of all it starts; absent: as the old one's. */
      readonly env?: Readonly<Record<string, string | undefined>>;
    }
  /** Sent by the new keeper once it runs: the old one may go. */
  | { readonly kind: 'successor' };

export interface KeeperStatus {
  readonly kind: 'status';
  readonly pid: number;
  readonly version: string;
  readonly controller: { readonly pid: number | null; readonly restarts: number };
  readonly endpoint: { readonly pid: number | null; readonly restarts: number };
  /** Null: nobody needs it just now. */
  readonly api?: { readonly pid: number | null };
  readonly held: readonly HeldAddress[];
}
