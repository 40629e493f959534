/**
 * The socket on which applications report their errors. It is open before the first of them is
 * started; who calls before the server is loaded waits.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { errorInfo } from '../model/errors.ts';
import { socketPath } from '../ports/socket-path.ts';
import { type ReportAccess, sharedDirectory } from './report-access.ts';

/** Beyond these, who connects is cut off: nobody may use up our file descriptors. */
const connectionsMax = 200;

export class ReportDoor {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  /** Not served yet. */
  #early: Socket[] = [];
  #serve: ((connection: Socket) => void) | null = null;

  constructor() {
    this.#server = createServer({ pauseOnConnect: true }, (connection) => {
      this.#open.add(connection);
      connection.on('error', () => connection.destroy());
      connection.on('close', () => this.#open.delete(connection));
      if (this.#serve === null) this.#early.push(connection);
      else this.#serve(connection);
    });
    this.#server.maxConnections = connectionsMax;
  }

  /** Where it can't listen, applications go without; that is logged. */
  async open(access: ReportAccess, log: (text: string) => void): Promise<void> {
    const { socket } = access;
    try {
      if (isOurs(access)) await openDirectory(dirname(socket));
      await rm(socket, { force: true });
      await listening(this.#server, socketPath(dirname(socket), basename(socket)));
      await chmod(socket, 0o666);
    } catch (error) {
      log(`applications can't report errors: ${errorInfo(error).message}`);
    }
  }

  /** `serve` is given connections that are paused. */
  serve(serve: (connection: Socket) => void): void {
    this.#serve = serve;
    for (const connection of this.#early.splice(0)) serve(connection);
  }

  /** Cuts off whoever has no answer yet: there is nobody to keep what is reported. */
  close(): void {
    this.#server.close();
    for (const connection of this.#open) connection.destroy();
  }
}

/** The stack is down, and nobody is left to report. */
export function removeReportSocket(access: ReportAccess): Promise<void> {
  const path = isOurs(access) ? dirname(access.socket) : access.socket;
  return rm(path, { recursive: true, force: true });
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Its directory is for it alone, outside of the state directory. */
function isOurs({ socket }: ReportAccess): boolean {
  return socket.startsWith(`${sharedDirectory}/`);
}

/** To go through, not to look around in. */
async function openDirectory(directory: string): Promise<void> {
  for (const path of [sharedDirectory, directory]) {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o711);
  }
}
