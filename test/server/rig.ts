/** The API with everything real but the stack behind it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { stack as spec } from '../../src/engine/stack.fixture.ts';
import { noKnowledge } from '../../src/learn/lessons.ts';
import type { ErrorMark, ErrorRecord } from '../../src/model/error-record.ts';
import { noTrend } from '../../src/model/error-trend.ts';
import { DarumaError } from '../../src/model/errors.ts';
import type { PersonRequest } from '../../src/model/event.ts';
import { type Layout, layout as layoutOf } from '../../src/model/layout.ts';
import type { StoredRecord } from '../../src/model/record.ts';
import type { IncidentView, StackView } from '../../src/model/view.ts';
import type { ConsoleSettings } from '../../src/ports/keeper.ts';
import { type Api, openApi } from '../../src/server/api/api-process.ts';
import type { DrillOrder } from '../../src/server/api/drills.ts';
import type { StackLink } from '../../src/server/api/stack-link.ts';
import { atEnd, type Ending } from '../at-end.ts';

export const password = 'correct horse battery';

/** What somebody might have called a service's note. */
const script = '<script>alert(1)</script>';

const incident: IncidentView = {
  id: 'i1',
  state: 'resolved',
  onset: 1_000,
  detected: 1_100,
  located: 1_200,
  acted: 1_300,
  recovered: 2_000,
  resolved: 3_000,
  symptoms: [],
  causes: [],
  unsure: false,
  actions: [],
  component: 'api/1',
  summary: script,
};

/** With what somebody might have put into a message. */
export const error: ErrorRecord = {
  id: 'e1',
  code: 'E1',
  message: script,
  origin: { service: 'api', instance: null, host: 'alpha' },
  source: 'application',
  release: null,
  count: 1,
  firstSeen: 1,
  lastSeen: 2,
  trend: noTrend(2),
  incidents: [],
  log: null,
  acknowledgedBy: null,
  muted: null,
};

function viewOf(seq: number, phase: 'ready' | 'unhealthy'): StackView {
  const instance = (number: number) => ({
    id: `api/${number}` as const,
    phase,
    pid: 7,
    port: 8080,
    startedAt: 1,
    restarts: 0,
    routed: 'serving' as const,
    note: script,
    needsPerson: false,
  });
  const service = {
    driver: 'process' as const,
    mode: 'act' as const,
    wanted: 'up' as const,
    dependsOn: [],
    endpoint: null,
  };
  return {
    name: 'shop',
    file: '/srv/shop/daruma.yaml',
    mode: 'act',
    at: 1_000 + seq,
    seq,
    state: 'running',
    storeWritable: true,
    services: [
      { name: 'api', ...service, instances: [instance(1), instance(2)] },
      { name: 'worker', ...service, instances: [] },
    ],
    openIncidents: [],
  };
}

/** A stack that notes down what it is asked. */
class FakeStack implements StackLink {
  readonly asked: { readonly by: string; readonly request: PersonRequest }[] = [];
  readonly log: StoredRecord[] = [];
  phase: 'ready' | 'unhealthy' = 'ready';
  views = 0;
  /** What the next request fails of. */
  failure: Error | null = null;
  readonly #wake = new Set<() => void>();

  constructor() {
    for (let seq = 1; seq <= 5; seq += 1) this.log.push(stored(seq));
  }

  publish(): number {
    this.log.push(stored(this.log.length + 1));
    for (const wake of this.#wake) wake();
    return this.log.length;
  }

  notes(): string[] {
    return this.asked.flatMap(({ by, request }) =>
      request.kind === 'note' ? [`${by}: ${request.text}`] : [],
    );
  }

  acts(): PersonRequest[] {
    return this.asked.map(({ request }) => request).filter(({ kind }) => kind !== 'note');
  }

  version = async () => ({ version: '1.2.3', pid: 42 });
  stack = async () => {
    this.views += 1;
    return viewOf(this.log.length, this.phase);
  };
  configuration = async () => ({ spec: spec([]), sources: {}, readAt: 1 });
  incidents = async () => [incident];
  incidentLogs = async () => [{ instance: 'api/1' as const, at: 1, offset: 0 }];
  incident = async (id: string) => {
    if (id === incident.id) return incident;
    throw new DarumaError('NOT_FOUND', `there is no incident ${id}`);
  };
  records = async (after: number, limit: number) =>
    this.log.filter(({ seq }) => seq > after).slice(0, limit);
  kept: ErrorRecord[] = [error];
  readonly marked: { readonly id: string; readonly mark: ErrorMark; readonly by: string }[] = [];
  errors = async () => this.kept;
  error = async (id: string) => ({ ...this.#errorOf(id), stack: script, occurrences: [] });
  markError = async (id: string, mark: ErrorMark, by: string) => {
    this.#errorOf(id);
    this.marked.push({ id, mark, by });
  };

  #errorOf(id: string): ErrorRecord {
    const found = this.kept.find((one) => one.id === id);
    if (found === undefined) throw new DarumaError('NOT_FOUND', `there is no error ${id}`);
    return found;
  }

  history = async () => [{ component: 'api/1', signal: 'cpu', points: [[1, 0.5]] as const }];
  signals = async () => [{ at: 1, component: 'api/1', signal: 'cpu', value: 0.5 }];
  request = async (by: string, request: PersonRequest) => {
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure;
    this.asked.push({ by, request });
    return `${request.kind}: done`;
  };
  knowledge = async () => noKnowledge();
  learned = async () => ({ services: [], detectors: [] });
  importKnowledge = async () => 'imported';
  resetKnowledge = async () => 'forgotten';

  notifications = async () => [];
  testNotifications = async () => [];

  points = async () => ({ points: [], problems: [] });
  pointJobs = async () => [];
  makePoint = () => this.#withoutPoints();
  drillPoint = () => this.#withoutPoints();
  verifyPoints = async () => [];
  prunePoints = () => this.#withoutPoints();
  planRestore = () => this.#withoutPoints();

  #withoutPoints(): Promise<never> {
    return Promise.reject(new DarumaError('NOT_FOUND', 'api has no recovery points'));
  }

  async *follow(after: number, signal: AbortSignal): AsyncGenerator<StoredRecord, void> {
    let last = after;
    while (!signal.aborted) {
      const next = this.log.find(({ seq }) => seq > last);
      if (next === undefined) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake.add(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
        await promise;
        this.#wake.delete(resolve);
      } else {
        last = next.seq;
        yield next;
      }
    }
  }
}

function stored(seq: number): StoredRecord {
  return { seq, record: { at: seq, kind: 'instance-ready', instance: 'api/1' }, unrecorded: false };
}

export interface Rig {
  readonly stack: FakeStack;
  readonly layout: Layout;
  readonly api: Api;
  readonly drills: DrillOrder[];
  /** What was logged. */
  readonly lines: string[];
}

const settings: ConsoleSettings = {
  host: '127.0.0.1',
  port: 7070,
  orNext: true,
  tls: null,
  insecure: false,
  register: false,
  stackId: 'stack-of-tests',
};

/** `files`: of the console, by name. */
export async function rig(
  t: Ending,
  changes: Partial<ConsoleSettings> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<Rig> {
  const stateDir = mkdtempSync(`${tmpdir()}/daruma-api-`);
  const layout = layoutOf(stateDir);
  mkdirSync(layout.secretsDir);
  let close = async (): Promise<void> => undefined;
  atEnd(t, async () => {
    await close();
    rmSync(stateDir, { recursive: true });
  });
  const filesDirectory = `${stateDir}/web`;
  mkdirSync(`${filesDirectory}/assets`, { recursive: true });
  for (const [name, text] of Object.entries(files))
    writeFileSync(`${filesDirectory}/${name}`, text);
  const stack = new FakeStack();
  const drills: DrillOrder[] = [];
  const lines: string[] = [];
  const api = openApi({
    version: '1.2.3',
    layout,
    settings: { ...settings, ...changes },
    link: stack,
    logs: {
      async *read() {
        yield { text: script, offset: 0, next: script.length + 1 };
      },
    },
    startDrill: (order) => {
      drills.push(order);
      return null;
    },
    filesDirectory,
    log: (text) => lines.push(text),
  });
  close = () => api.close();
  await api.app.ready();
  return { stack, layout, api, drills, lines };
}

/** Over a real connection, as the keeper hands it over. */
export async function served(t: Ending, made: Rig): Promise<number> {
  const { app } = made.api;
  app.server.emit('listening');
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    app.server.emit('connection', socket);
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, async () => void server.close());
  return (server.address() as AddressInfo).port;
}

export interface Browser {
  readonly cookies: Record<string, string>;
  send(method: string, url: string, body?: unknown, headers?: object): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The body as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the API says.
  readonly json: any;
}

function isJson(headers: Readonly<Record<string, unknown>>): boolean {
  return /json/.test(String(headers['content-type']));
}

/** Keeps cookies, and says where its pages come from, as browsers do. */
export function browser({ api }: Rig, address = '127.0.0.1'): Browser {
  const cookies: Record<string, string> = {};
  return {
    cookies,
    async send(method, url, body, headers = {}) {
      const cookie = Object.entries(cookies)
        .map(([name, value]) => `${name}=${value}`)
        .join('; ');
      const all = {
        host: '127.0.0.1:7070',
        origin: 'http://127.0.0.1:7070',
        ...(cookie === '' ? {} : { cookie }),
        ...headers,
      };
      const response = await api.app.inject({
        method: method as 'GET',
        url,
        remoteAddress: address,
        headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
        ...(body === undefined ? {} : { payload: body as object }),
      });
      for (const { name, value } of response.cookies) {
        if (value === '') delete cookies[name];
        else cookies[name] = value;
      }
      const text = response.body;
      return {
        status: response.statusCode,
        headers: response.headers,
        text,
        json: text !== '' && isJson(response.headers) ? JSON.parse(text) : null,
      };
    },
  };
}

/** Somebody who is logged in. */
export async function loggedIn(
  rig: Rig,
  name: string,
  role: 'viewer' | 'operator' | 'admin',
  address = '127.0.0.1',
): Promise<Browser> {
  const { people } = rig.api.parts;
  if (people.find(name) === null) await people.add(name, role, password, name);
  const result = browser(rig, address);
  const { status, text } = await result.send('POST', '/api/v1/auth/login', { name, password });
  if (status !== 200) throw new Error(`no login: ${text}`);
  return result;
}
