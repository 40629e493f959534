/** The endpoint process's own socket: here the controller says what leads where. */
import type { Server, Socket } from 'node:net';
import { errorInfo } from '../model/errors.ts';
import { readJsonLines, writeJsonLine } from '../ports/json-lines.ts';
import { openUnixServer } from '../ports/unix-server.ts';
import type { ControlMessage, ControlRequest, FollowerReport } from './protocol.ts';

const statsMs = 1_000;

/** What is told with `done`. */
export interface Result {
  readonly busy?: number;
}

export class Control {
  readonly #clients = new Set<Socket>();
  readonly #carryOut: (request: ControlRequest) => Promise<Result>;
  readonly #onFollower: (socket: Socket, report: FollowerReport) => void;
  #server: Server | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    carryOut: (request: ControlRequest) => Promise<Result>,
    onFollower: (socket: Socket, report: FollowerReport) => void,
  ) {
    this.#carryOut = carryOut;
    this.#onFollower = onFollower;
  }

  async open(runDir: string, stats: () => ControlMessage): Promise<void> {
    this.#server = await openUnixServer(runDir, 'endpoint.sock', (socket) => this.#serve(socket));
    this.#timer = setInterval(() => {
      if (this.#clients.size > 0) this.tell(stats());
    }, statsMs);
  }

  tell(message: ControlMessage): void {
    for (const socket of this.#clients) writeJsonLine(socket, message);
  }

  /** Another process has taken our place; clients connect to it. */
  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#server?.close();
    for (const socket of this.#clients) socket.end();
  }

  #serve(socket: Socket): void {
    this.#clients.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#clients.delete(socket));
    readJsonLines(socket, (message) => {
      const request = message as ControlRequest | FollowerReport;
      if (request.kind === 'follower') {
        this.#onFollower(socket, request);
        return;
      }
      const { id } = request;
      this.#carryOut(request).then(
        (result) => writeJsonLine(socket, { ...result, kind: 'done', id }),
        (error) => writeJsonLine(socket, { kind: 'done', id, error: errorInfo(error) }),
      );
    });
  }
}
