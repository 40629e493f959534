/**
 * The last days of an endpoint process that another one has taken over from: it accepts no more,
 * follows what its successor is told, and ends with its last connection.
 */
import net, { type Socket } from 'node:net';
import type { ServiceName } from '../model/ids.ts';
import type { Layout } from '../model/layout.ts';
import type { EndpointTable } from '../ports/endpoints.ts';
import { readJsonLines, writeJsonLine } from '../ports/json-lines.ts';
import { socketPath } from '../ports/socket-path.ts';
import type { FollowerReport, ToFollower } from './protocol.ts';
import { readTables } from './routes-file.ts';

/** How long it may live for its last connections. */
const livesMs = 3_600_000;
const lookMs = 500;
const callAgainMs = 50;
const reportMs = 10;

export interface RetirementOptions {
  readonly layout: Layout;
  readonly apply: (tables: readonly EndpointTable[]) => void;
  /** Open and waiting connections. */
  readonly connections: () => number;
  readonly busy: () => Readonly<Record<ServiceName, number>>;
  readonly end: () => void;
}

export class Retirement {
  readonly #options: RetirementOptions;
  readonly #endsAt = performance.now() + livesMs;
  #successor: Socket | null = null;
  /** Reports again and again, while a service is to fall quiet. */
  #reports: NodeJS.Timeout | null = null;

  constructor(options: RetirementOptions) {
    this.#options = options;
    this.#call();
    setInterval(() => this.#look(), lookMs);
    this.#look();
  }

  #look(): void {
    const { layout, apply, connections, end } = this.#options;
    if (connections() === 0 || performance.now() > this.#endsAt) end();
    // Without a successor just now, what it has written down counts.
    else if (this.#successor === null) apply(readTables(layout));
  }

  #call(): void {
    const socket = net.connect(socketPath(this.#options.layout.runDir, 'endpoint.sock'));
    socket.on('error', () => socket.destroy());
    socket.on('connect', () => writeJsonLine(socket, this.#reportOf(-1)));
    socket.on('close', () => {
      this.#successor = null;
      this.#stopReports();
      setTimeout(() => this.#call(), callAgainMs);
    });
    readJsonLines(socket, (message) => {
      const told = message as ToFollower | { readonly kind: 'stats' | 'refused' };
      if (told.kind !== 'tables') return;
      this.#successor = socket;
      this.#options.apply(told.tables);
      this.#stopReports();
      const report = () => writeJsonLine(socket, this.#reportOf(told.version));
      report();
      const isToFallQuiet = told.tables.some(({ quiesced }) => quiesced !== undefined);
      if (isToFallQuiet) this.#reports = setInterval(report, reportMs);
    });
  }

  #stopReports(): void {
    if (this.#reports !== null) clearInterval(this.#reports);
    this.#reports = null;
  }

  #reportOf(version: number): FollowerReport {
    return { kind: 'follower', version, busy: this.#options.busy() };
  }
}
