/** An endpoint with `protocol: http`, its instances, and clients of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import type { RouteTarget } from '../../src/model/command.ts';
import type { EndpointSpec, HttpEndpointSpec } from '../../src/model/stack-spec.ts';
import type { EndpointStats } from '../../src/ports/endpoints.ts';
import { freePort } from '../free-port.ts';
import { Rig, spec, target, until } from '../keeper/rig.ts';

const program = fileURLToPath(new URL('./http-instance.ts', import.meta.url));
const http: HttpEndpointSpec = {
  retry: ['GET', 'HEAD', 'OPTIONS'],
  bodyBytesMax: null,
  headTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
};

export interface Instance {
  readonly port: number;
  readonly process: ChildProcess;
}

export interface Answer {
  readonly status: number;
  readonly fields: IncomingMessage['headers'];
  readonly text: string;
}

export class HttpRig {
  readonly rig = new Rig();
  readonly agent = new Agent({ keepAlive: true });
  port = 0;
  readonly #children: ChildProcess[] = [];

  async start(): Promise<void> {
    await this.rig.started();
    this.port = await freePort();
  }

  async end(): Promise<void> {
    this.agent.destroy();
    for (const child of this.#children) child.kill('SIGKILL');
    await this.rig.end();
  }

  async instance(name: string, at?: number): Promise<Instance> {
    const port = at ?? (await freePort());
    const child = spawn(process.execPath, [program, name, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    if (child.stdout !== null) await once(child.stdout, 'data');
    return { port, process: child };
  }

  instances(...names: readonly string[]): Promise<Instance[]> {
    return Promise.all(names.map((name) => this.instance(name)));
  }

  async serve(
    instances: readonly Pick<Instance, 'port'>[],
    settings: Partial<HttpEndpointSpec> = {},
    changes: Partial<EndpointSpec> = {},
  ): Promise<void> {
    const full = { protocol: 'http', http: { ...http, ...settings }, ...changes } as const;
    const ports = instances.map(({ port }) => port);
    await this.rig.serve('api', spec(this.port, full), ports);
  }

  async route(targets: readonly RouteTarget[]): Promise<void> {
    await this.rig.ask({ kind: 'route', service: 'api', targets });
  }

  target(number: number, { port }: Instance, state: RouteTarget['state'] = 'serving') {
    return target('api', number, port, state);
  }

  /** By the agent's connections, which stay open. */
  ask(path: string, method = 'GET', body = ''): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const options = { host: '127.0.0.1', port: this.port, path, method, agent: this.agent };
    const asked = request(options, async (message) => {
      let text = '';
      message.setEncoding('latin1');
      message.on('error', reject);
      message.on('data', (chunk: string) => {
        text += chunk;
      });
      message.on('end', () => {
        resolve({ status: message.statusCode ?? 0, fields: message.headers, text });
      });
    });
    asked.on('error', reject);
    asked.end(body);
    return promise;
  }

  async text(path: string, method = 'GET', body = ''): Promise<string> {
    return (await this.ask(path, method, body)).text;
  }

  /** Sends a text as it is and resolves with all that comes until the connection ends. */
  async raw(text: string): Promise<string> {
    const socket = net.connect(this.port, '127.0.0.1', () => socket.write(text, 'latin1'));
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    await once(socket, 'close');
    return answer;
  }

  async stats(what: string, condition: (stats: readonly EndpointStats[]) => boolean) {
    return until(what, () => {
      const told = this.rig.notes().flatMap((note) => note.split(' stats ')[1] ?? []);
      return told.map((text) => JSON.parse(text) as EndpointStats[]).find(condition);
    });
  }

  /** The endpoint has told of an instance that it passes over. */
  async passedOver(what: string): Promise<void> {
    await until(what, () => this.rig.notes().some((note) => note.includes(what)));
  }
}
