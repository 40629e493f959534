/** An S3 server with a proxy before it that can break connections. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { S3Access, S3Patience } from '../../src/vault/places/s3-client.ts';

const program = fileURLToPath(new URL('./s3-server.ts', import.meta.url));

export const hasty: S3Patience = { attempts: 5, firstDelayMs: 20, idleMs: 5000 };

/** Where to break a connection: after so many bytes to the server, or from it. */
export interface Cut {
  readonly way: 'up' | 'down';
  readonly afterBytes: number;
}

export class S3Scene {
  readonly directory: string;
  readonly #proxy: Server;
  readonly #sockets = new Set<Socket>();
  #child: ChildProcess | null = null;
  #serverPort = 0;
  /** The next connections on which so much passes are broken, one after the other. */
  cuts: Cut[] = [];
  /** First lines of the requests that came by. */
  readonly requests: string[] = [];

  private constructor(directory: string, proxy: Server) {
    this.directory = directory;
    this.#proxy = proxy;
    proxy.on('connection', (socket) => this.#carry(socket));
  }

  static async open(): Promise<S3Scene> {
    const proxy = createServer();
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const scene = new S3Scene(mkdtempSync(join(tmpdir(), 'daruma-s3-')), proxy);
    await scene.startServer();
    return scene;
  }

  get access(): S3Access {
    const { port } = this.#proxy.address() as AddressInfo;
    return {
      endpoint: `http://127.0.0.1:${port}`,
      bucket: 'backups',
      region: 'us-east-1',
      accessKey: 'S3RVER',
      secretKey: 'S3RVER',
    };
  }

  async startServer(): Promise<void> {
    // For the tokens of its pages it encrypts with DES.
    const flags = ['--disable-warning=ExperimentalWarning', '--openssl-legacy-provider'];
    const argv = [...flags, program, this.directory];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      this.#serverPort = Number(line);
      break;
    }
    if (this.#serverPort === 0) throw new Error('the S3 server did not start');
    child.stdout.resume();
  }

  async killServer(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async close(): Promise<void> {
    await this.killServer();
    for (const socket of this.#sockets) socket.destroy();
    this.#proxy.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #carry(client: Socket): void {
    const server = connect(this.#serverPort, '127.0.0.1');
    const passed = { up: 0, down: 0 };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    const pass = (way: Cut['way'], from: Socket, to: Socket): void => {
      from.on('data', (chunk: Buffer) => {
        passed[way] += chunk.length;
        if (way === 'up') this.#note(chunk);
        const [cut] = this.cuts;
        if (cut?.way === way && passed[way] >= cut.afterBytes) {
          this.cuts.shift();
          client.destroy();
          server.destroy();
          return;
        }
        if (to.write(chunk)) return;
        from.pause();
        to.once('drain', () => from.resume());
      });
    };
    pass('up', client, server);
    pass('down', server, client);
  }

  #note(chunk: Buffer): void {
    const line = /^(GET|PUT|POST|DELETE|HEAD) \S+/.exec(chunk.toString('latin1', 0, 2000));
    if (line !== null) this.requests.push(line[0]);
  }
}
