/**
 * Connections of checks. Each check has one of its own, but the sockets, as objects, serve again
 * when their connection is closed: making one costs more than all else that a check does by itself,
 * and what Node.js keeps of a closed one lives until the next full collection of garbage.
 *
 * A host that is a name has a socket of its own each time: its address may be told after the end.
 */
import { isIP, Socket } from 'node:net';

export interface Conversation {
  readonly onConnect?: (socket: Socket) => void;
  /** The bytes that came, as Latin-1. */
  readonly onText?: (text: string) => void;
  readonly onError: (error: Error) => void;
  readonly onEnd?: () => void;
}

/** Of all sockets: what was read is taken out before the next read. */
const landing = Buffer.allocUnsafe(16 * 1024);
const spareMax = 256;
const spare: ReusableSocket[] = [];

class ReusableSocket {
  readonly #socket: Socket;
  #conversation: Conversation | null = null;
  #again = false;

  constructor() {
    const read = (bytes: number): boolean => this.#read(bytes);
    this.#socket = new Socket({ onread: { buffer: landing, callback: read } });
    this.#socket.on('connect', () => this.#conversation?.onConnect?.(this.#socket));
    this.#socket.on('error', (error) => this.#conversation?.onError(error));
    this.#socket.on('end', () => this.#conversation?.onEnd?.());
    this.#socket.on('close', () => {
      if (this.#again && spare.length < spareMax) spare.push(this);
    });
  }

  open(host: string, port: number, conversation: Conversation): void {
    this.#again = false;
    this.#conversation = conversation;
    this.#socket.connect({ host, port });
  }

  /** Nothing is told any more. `again`: it may serve others once it is closed. */
  close(again: boolean): void {
    this.#again = again;
    this.#conversation = null;
    this.#socket.destroy();
  }

  #read(bytes: number): boolean {
    this.#conversation?.onText?.(landing.toString('latin1', 0, bytes));
    return true;
  }
}

/** Returns how to close it, which has to be done in any case. Throws when there is no such port. */
export function converse(host: string, port: number, conversation: Conversation): () => void {
  const socket = spare.pop() ?? new ReusableSocket();
  socket.open(host, port, conversation);
  const again = isIP(host) !== 0;
  let open = true;
  return () => {
    if (open) socket.close(again);
    open = false;
  };
}
