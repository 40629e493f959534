/**
 * The API process: takes the connections that the keeper hands it, and asks to end when nobody has
 * needed it for a while. It holds nothing that others depend on, and may be killed at any moment.
 */
import { existsSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { isLoopback } from '../../model/console-spec.ts';
import { DarumaError, errorInfo } from '../../model/errors.ts';
import type { Layout } from '../../model/layout.ts';
import type { ApiToKeeper, ConsoleSettings, KeeperToApi } from '../../ports/keeper.ts';
import { AccountsDb } from './accounts-db.ts';
import { ApiTokens } from './api-tokens.ts';
import { buildApp } from './app.ts';
import { cookieNames } from './cookies.ts';
import { Drills, type StartDrill } from './drills.ts';
import { EventStreams } from './event-stream.ts';
import { Gate } from './gate.ts';
import { Idempotency } from './idempotency.ts';
import { Invitations } from './invitations.ts';
import { LiveStack } from './live.ts';
import { LogStreams } from './log-streams.ts';
import { Outbox } from './outbox.ts';
import type { Parts } from './parts.ts';
import { People } from './people.ts';
import { Sessions } from './sessions.ts';
import { SetupSecret } from './setup-secret.ts';
import type { LogSource, StackLink } from './stack-link.ts';
import { readStaticFiles } from './static-files.ts';
import { Throttle } from './throttle.ts';

const longestIdleMs = 60_000;
const lookEveryMs = 5_000;

export interface ApiOptions {
  readonly version: string;
  readonly layout: Layout;
  readonly settings: ConsoleSettings;
  readonly link: StackLink;
  readonly logs: LogSource;
  readonly startDrill: StartDrill;
  /** With the console's own files; not there: there is only the API. */
  readonly filesDirectory: string;
  readonly log: (text: string) => void;
}

export interface Api {
  readonly parts: Parts;
  readonly app: ReturnType<typeof buildApp>;
  close(): Promise<void>;
}

/** Without a way in, for tests too. Throws STORE_FAILED, STORE_TOO_NEW, BAD_REQUEST. */
export function openApi(options: ApiOptions): Api {
  const { version, layout, settings, link, logs, log } = options;
  const tls = tlsFiles(settings);
  const db = new AccountsDb(layout.accountsDatabase);
  const people = new People(db);
  const sessions = new Sessions(db, settings.stackId);
  const tokens = new ApiTokens(db, people);
  const cookies = cookieNames(settings.port, tls !== null);
  const live = new LiveStack(link, log);
  const parts: Parts = {
    version,
    settings,
    cookies,
    link,
    live,
    streams: new EventStreams(live, link, log),
    logs,
    logStreams: new LogStreams(logs, log),
    people,
    setup: new SetupSecret(layout.secretsDir),
    sessions,
    tokens,
    invitations: new Invitations(db, people),
    throttle: new Throttle(db),
    gate: new Gate({ people, sessions, tokens, cookies }),
    outbox: new Outbox(db, link, log),
    drills: new Drills(db, `${layout.stateDir}/drills`, options.startDrill),
    log,
  };
  const { filesDirectory } = options;
  const files = readStaticFiles(existsSync(filesDirectory) ? filesDirectory : null);
  const app = buildApp(parts, { idempotency: new Idempotency(db), files, tls });
  const close = async () => {
    for (const part of [parts.streams, parts.logStreams, live, parts.drills, parts.outbox]) {
      part.close();
    }
    await app.close();
    db.close();
  };
  return { parts, app, close };
}

/** Throws BAD_REQUEST when the address would show passwords to the network, or a file lacks. */
function tlsFiles({ host, tls, insecure }: ConsoleSettings) {
  if (tls !== null) {
    try {
      return { cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
    } catch (cause) {
      throw new DarumaError('BAD_REQUEST', 'the files of `console.tls` can’t be read', { cause });
    }
  }
  if (!isLoopback(host) && !insecure) {
    throw new DarumaError('BAD_REQUEST', `plain HTTP on ${host} needs \`console.insecure\``);
  }
  return null;
}

/** Serves what the keeper hands over, until it says that this is the end. */
export async function serveForKeeper(options: ApiOptions): Promise<void> {
  const { log, settings } = options;
  const { idleMs = longestIdleMs } = settings;
  if (process.send === undefined) throw new Error('the API process is started by the keeper only');
  const api = openApi(options);
  const { app, parts } = api;
  await app.ready();
  // It has no address of its own; its time limits are watched from this event on.
  app.server.emit('listening');
  parts.live.start();
  let connections = 0;
  let usedAt = performance.now();
  const end = once(async () => {
    await api.close().catch((error: unknown) => log(`API: ${errorInfo(error).message}`));
    process.exit(0);
  });
  const take = (id: number, socket: Socket) => {
    connections += 1;
    socket.on('close', () => {
      connections -= 1;
      usedAt = performance.now();
    });
    app.server.emit('connection', socket);
    socket.resume();
    tell({ kind: 'taken', id });
  };
  process.on('message', (raw, handle) => {
    const message = raw as KeeperToApi;
    if (message.kind === 'end') void end();
    // A client that has gone already comes without a socket.
    else if (handle instanceof Socket) take(message.id, handle);
    else tell({ kind: 'taken', id: message.id });
  });
  process.once('disconnect', () => void end());
  process.once('SIGTERM', () => void end());
  setInterval(
    () => {
      const used = connections > 0 || parts.drills.isRunning || !parts.outbox.isEmpty;
      if (used) usedAt = performance.now();
      else if (performance.now() - usedAt > idleMs) tell({ kind: 'idle' });
    },
    Math.min(lookEveryMs, idleMs),
  );
  tell({ kind: 'ready' });
}

function tell(message: ApiToKeeper): void {
  // A keeper that died just now is told of by `disconnect`.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let begun: Promise<void> | null = null;
  return () => {
    begun ??= work();
    return begun;
  };
}
