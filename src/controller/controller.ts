/**
 * One running controller: recovers the state from the log, looks at what runs, then lets the loop
 * decide. It may be killed at any instruction; what it supervises doesn't notice.
 *
 *   recover log ─▶ configure ─▶ look (adopt) ─▶ decide … ─▶ down: all ended, keeper too
 *                                                        └▶ detach: only we and the keeper end
 */
import { incidentView, incidentViews, knowledgeAt, knowledgeView, view } from '../engine/index.ts';
import type { Command } from '../model/command.ts';
import type { ErrorMark, ErrorReport } from '../model/error-record.ts';
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { EngineEvent, Happening, PersonRequest } from '../model/event.ts';
import { type InstanceId, isInstance, type ServiceName, serviceOf } from '../model/ids.ts';
import type { NotifySpec } from '../model/notify-spec.ts';
import type { LogRecord, StoredRecord } from '../model/record.ts';
import type { SignalName } from '../model/sample.ts';
import type { HistoryQuery } from '../model/signal-history.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { Random } from '../ports/clock.ts';
import type {
  Configuration,
  ControllerApi,
  DrillFault,
  PointsApi,
} from '../ports/controller-api.ts';
import type { Driver } from '../ports/driver.ts';
import type { Endpoints } from '../ports/endpoints.ts';
import { faultPoint } from '../ports/fault-point.ts';
import type { Notifier } from '../ports/notifier.ts';
import type { Observer } from '../ports/observer.ts';
import type { LimitsEnforcement, Processes } from '../ports/processes.ts';
import type { Store } from '../ports/store.ts';
import type { RunJob } from '../ports/vault-job.ts';
import { Actor } from './actor.ts';
import { Curator } from './curator.ts';
import { drillLeakScript } from './drill-leak.ts';
import { endpointList } from './endpoint-list.ts';
import { EndpointSignals } from './endpoint-signals.ts';
import { markError } from './error-acts.ts';
import { type ErrorScene, linkErrors } from './error-scene.ts';
import { errorsOfExits } from './exit-errors.ts';
import { Externals } from './externals.ts';
import { Groups } from './groups.ts';
import { IncidentLogs } from './incident-logs.ts';
import { InstanceContexts, type Reports } from './instance-context.ts';
import { Listening } from './listening.ts';
import { lookAround } from './look-around.ts';
import { Loop } from './loop.ts';
import { PointJobs } from './point-jobs.ts';
import { pointsApi } from './points.ts';
import { PortBook } from './port-book.ts';
import { programFiles } from './program-files.ts';
import { ProgramWatch } from './program-watch.ts';
import { rehearse } from './rehearsal.ts';
import { Restorer } from './restorer.ts';
import { RoleBook } from './role-book.ts';
import { StandingOrders } from './standing-orders.ts';
import type { SystemClock } from './system-clock.ts';
import { withWatchedLimits } from './watched-limits.ts';
import { Watcher } from './watcher.ts';

export interface ControllerOptions {
  readonly configuration: Configuration;
  readonly stateDir: string;
  readonly stackId: string;
  readonly host: string;
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly nodePath: string;
  readonly reports: Reports;
  readonly store: Store;
  /** What the store describes errors by. */
  readonly errorScene: ErrorScene;
  readonly clock: SystemClock;
  readonly random: Random;
  readonly processes: Processes & { readonly limitsEnforcedBy: LimitsEnforcement };
  readonly endpoints: Endpoints;
  readonly observer: Observer;
  readonly notifier: Notifier;
  readonly drivers: Readonly<Record<string, Driver>>;
  readonly runJob: RunJob;
  readonly log: (text: string) => void;
  readonly newRequestId: () => string;
  /** Which keeper started us. */
  readonly keeperId: string;
  /** Ends this process and the keeper: after `down` (endpoints closed too) or `detach`. What goes
   * wrong it tells itself. */
  readonly end: (how: 'down' | 'detach') => Promise<void>;
}

interface Waiting {
  readonly resolve: (message: string) => void;
  readonly reject: (error: Error) => void;
}

const accountDelayMs = 20;
const nobody: NotifySpec = { targets: [], heartbeat: null };
/** Key in the store: the keeper under which a `down` was asked for. */
const downUnder = 'down-under';

export class Controller implements ControllerApi {
  readonly version: string;
  readonly pid = process.pid;
  readonly #options: ControllerOptions;
  readonly #contexts: InstanceContexts;
  readonly #ports: PortBook;
  readonly #watcher: Watcher;
  readonly #externals: Externals;
  readonly #groups: Groups;
  readonly #actor: Actor;
  readonly #programs: ProgramWatch;
  readonly #jobs: PointJobs;
  readonly #curator: Curator;
  readonly #restorer: Restorer;
  readonly #listening: Listening;
  readonly #incidentLogs: IncidentLogs;
  readonly #orders: StandingOrders;
  readonly points: PointsApi;
  readonly notifications: Notifier;
  readonly #waiting = new Map<string, Waiting>();
  readonly #followers = new Set<(record: StoredRecord) => void>();
  #loop: Loop | null = null;
  #beganSeq = 0;
  #endRehearsal: () => void = () => undefined;
  #services = new Map<ServiceName, ServiceSpec>();

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.version = options.version;
    const { stateDir, drivers, environment, nodePath, log, store, reports } = options;
    this.#ports = new PortBook(store, options.stackId, log);
    const ports = this.#ports;
    this.#contexts = new InstanceContexts({
      stateDir,
      drivers,
      environment,
      nodePath,
      reports,
      log,
      ports,
    });
    const { observer, processes } = options;
    const book = new RoleBook(this.#contexts);
    const asGiven = book.asGiven.bind(book);
    this.#watcher = new Watcher({ observer, processes, drivers, stateDir, asGiven });
    this.#externals = new Externals({
      clock: options.clock,
      driver: drivers['external'],
      contexts: this.#contexts,
      watcher: this.#watcher,
      push: (happening) => this.#loop?.push(happening),
    });
    this.#groups = this.#makeGroups(book);
    this.#actor = this.#makeActor();
    this.#jobs = this.#makeJobs();
    this.#curator = this.#makeCurator();
    const push = (happening: Happening) => this.#loop?.push(happening);
    this.#restorer = new Restorer({ jobs: this.#jobs, curator: this.#curator, push });
    this.#listening = new Listening(options);
    const { logEnd } = options.errorScene;
    this.#incidentLogs = new IncidentLogs({ store, logEnd, log });
    this.#orders = this.#makeOrders();
    this.points = pointsApi(this.#jobs, this.#curator);
    this.notifications = options.notifier;
    this.#programs = new ProgramWatch({
      clock: options.clock,
      needy: () => this.#needPerson(),
      files: (instance) => this.#programFiles(instance),
      onChanged: (instance) => this.#loop?.push({ kind: 'program-changed', instance }),
    });
  }

  /** Resolves once all instances were looked at and the engine decides. */
  async start(): Promise<void> {
    const { store, clock, random, observer, processes, endpoints, notifier } = this.#options;
    const spec = withWatchedLimits(this.#options.configuration.spec, processes.limitsEnforcedBy);
    const endpointSignals = new EndpointSignals();
    this.#services = new Map(spec.services.map((service) => [service.name, service]));
    await this.#contexts.configure(spec);
    const loop = await Loop.recover({
      store,
      clock,
      random,
      notBefore: (time) => clock.notBefore(time),
      foresee: (command) => this.#actor.foresee(command),
      run: (command) => this.#actor.run(command),
      onStored: (records) => this.#publish(records),
      onStep: (event, records) => {
        this.#orders.heed(event, records);
        this.#accountSoon(event, records);
      },
    });
    this.#loop = loop;
    this.#options.errorScene.follow(() => loop.state);
    void this.#incidentLogs.recover();
    faultPoint('up.recovered');
    notifier.configure(spec.name, [spec.notify], new Set(loop.state.open));
    observer.onHappening((happening) => loop.push(happening));
    observer.onError((report) => store.reportErrors([report]));
    processes.onExit((instance, exit) => {
      observer.unwatch(instance);
      if (loop.state.instances[instance]?.readyAt === null) this.#ports.forget(instance);
      loop.push({ kind: 'exited', instance, exit });
    });
    endpoints.onStats((stats, held) => {
      const { samples, ended } = endpointSignals.next(stats, held, clock.now());
      observer.add(samples);
      observer.forget(ended);
    });
    endpoints.onRefused((_, instance, error) => {
      if (error === 'SILENT') observer.suspect(instance);
    });
    // Whom to tell, and the secrets for it, are no business of the event log.
    loop.push({ kind: 'configured', spec: { ...spec, notify: nobody } });
    void this.#listening.open(endpointList(this.#services.values()));
    await lookAround({
      loop,
      processes,
      mode: spec.mode,
      services: this.#services,
      contexts: this.#contexts,
      watcher: this.#watcher,
      externals: this.#externals,
      ports: this.#ports,
      groups: this.#groups,
    });
    faultPoint('up.looked');
    this.#beganSeq = loop.seq;
    this.#groups.watch.begin();
    this.#programs.look();
    this.#curator.begin();
    this.#endRehearsal = rehearse(spec, clock, this.#options.log);
  }

  /** Brings everything up for `upBy`, if anybody, and resolves when what can be started at once was
   * started or has failed to. `isWanted`: called once it is on record. */
  async begin(upBy: string | null, isWanted: () => Promise<void>): Promise<void> {
    if (upBy !== null) await this.request(upBy, { kind: 'up' });
    await isWanted();
    await this.#actor.idle();
  }

  /** Lets go of everything; instances and endpoints go on. */
  async close(): Promise<void> {
    const { observer, notifier, endpoints, processes, store } = this.#options;
    this.#externals.close();
    this.#groups.watch.close();
    this.#programs.close();
    this.#curator.close();
    this.#jobs.close();
    this.#orders.close();
    this.#endRehearsal();
    if ((await this.#loop?.close()) === false) {
      this.#options.log('the last records could not be kept: the store can’t write');
    }
    await Promise.all([observer.close(), notifier.close(), endpoints.close(), processes.close()]);
    try {
      await store.close();
    } catch (error) {
      this.#options.log(`the store could not be closed: ${errorInfo(error).message}`);
    }
  }

  /** Our own process slept: time-outs in this span prove nothing. */
  slept(ms: number): void {
    this.#options.observer.slept(ms);
    this.#loop?.push({ kind: 'slept', ms });
  }

  view() {
    const loop = this.#theLoop();
    const seen = view(loop.state, this.#options.clock.now());
    const beganSeq = this.#beganSeq;
    return { ...seen, seq: loop.seq, beganSeq, endpointsClosed: this.#listening.closed };
  }

  configuration(): Configuration {
    return this.#options.configuration;
  }

  incidents(limit: number) {
    return incidentViews(this.#theLoop().state, limit);
  }

  incident(id: `i${number}`) {
    return incidentView(this.#theLoop().state, id);
  }

  incidentLogs(id: `i${number}`) {
    return this.#incidentLogs.of(id);
  }

  records(afterSeq: number, limit: number) {
    return this.#options.store.read(afterSeq, limit);
  }

  follow(listener: (record: StoredRecord) => void): () => void {
    this.#followers.add(listener);
    return () => this.#followers.delete(listener);
  }

  async request(by: string, request: PersonRequest): Promise<string> {
    const without = await this.#curator.beforeShutdown(this.#stoppedBy(request));
    if (request.kind === 'down') await this.#rememberDown();
    const requestId = `${request.kind}-${this.#options.newRequestId()}`;
    const answer = await new Promise<string>((resolve, reject) => {
      this.#waiting.set(requestId, { resolve, reject });
      this.#theLoop().push({ kind: 'requested', requestId, by, request });
    });
    return [answer, ...without].join('; ');
  }

  knowledge() {
    return knowledgeAt(this.#theLoop().state, this.#options.clock.now());
  }

  learned() {
    return knowledgeView(this.#theLoop().state, this.#options.clock.now());
  }

  signals(service?: ServiceName, names?: readonly SignalName[]) {
    return this.#options.observer.latest(service, names);
  }

  history(query: HistoryQuery) {
    return this.#options.observer.history(query);
  }

  errors(limit: number) {
    return this.#options.store.errors({ limit, now: this.#options.clock.now() });
  }

  error(id: string) {
    return this.#options.store.error(id, this.#options.clock.now());
  }

  markError(id: string, mark: ErrorMark, by: string) {
    const { store, clock } = this.#options;
    const note = (text: string) => this.request(by, { kind: 'note', text });
    return markError({ store, now: clock.now(), note }, id, mark, by);
  }

  reportError(report: ErrorReport): void {
    this.#options.store.reportErrors([report]);
  }

  async inject(fault: DrillFault): Promise<number | null> {
    const { processes, nodePath } = this.#options;
    const { instance } = fault;
    if (fault.kind === 'leak') {
      const argv = [nodePath, '-e', drillLeakScript(fault.bytesPerSecond)];
      const foreign = this.#externals.running(instance) !== null;
      return foreign ? processes.injectForeign(instance, argv) : processes.inject(instance, argv);
    }
    if (processes.signal(instance, fault.signal)) return null;
    throw new DarumaError('NOT_FOUND', `${instance} is no running process of this stack`);
  }

  detach(): Promise<void> {
    return this.#options.end('detach');
  }

  /**
   * A `down` ends with the keeper. Until then every controller that this keeper starts must bring
   * it to its end, also when who asked has had the answer; the next keeper is there for an `up`.
   */
  async #rememberDown(): Promise<void> {
    try {
      await this.#options.store.set(downUnder, this.#options.keeperId);
    } catch (error) {
      this.#options.log(`down is not remembered: ${errorInfo(error).message}`);
    }
  }

  /** Goes on with a `down` that an earlier controller of this keeper was asked for. */
  async finishDown(): Promise<void> {
    const { store, keeperId, log } = this.#options;
    if ((await store.get(downUnder)) !== keeperId) return;
    if (Object.values(this.#theLoop().state.instances).some(({ wanted }) => wanted === 'up'))
      return;
    log('goes on with the down that was asked for');
    this.request('daruma', { kind: 'down' }).catch((error: unknown) => {
      log(`down: ${errorInfo(error).message}`);
    });
  }

  #theLoop(): Loop {
    if (this.#loop === null) throw new DarumaError('NOT_RUNNING', 'the controller is starting');
    return this.#loop;
  }

  /** Services that are asked to end. */
  #stoppedBy(request: PersonRequest): readonly ServiceName[] {
    if (request.kind === 'down') return [...this.#services.keys()];
    const ends = request.kind === 'stop' && this.#services.has(request.target);
    return ends ? [request.target] : [];
  }

  #makeJobs(): PointJobs {
    const { clock, stateDir, version, runJob, configuration } = this.#options;
    const { spec } = configuration;
    const state = () => this.#theLoop().state;
    return new PointJobs({ clock, spec, state, stateDir, version, runJob });
  }

  #makeCurator(): Curator {
    const { clock, host, store, stateDir, drivers } = this.#options;
    const logWaits = async (name: ServiceName) => {
      const service = this.#service(name);
      const driver = service === null ? undefined : drivers[service.driver];
      if (service === null || driver?.kind !== 'process' || driver.data === undefined) return false;
      return driver.data.logWaits({ service, stateDir });
    };
    return new Curator({
      ...{ clock, host, logWaits, jobs: this.#jobs },
      state: () => this.#theLoop().state,
      push: (happening) => this.#loop?.push(happening),
      onError: (report) => store.reportErrors([report]),
    });
  }

  /** What left the stack file is stopped as it says there until it is gone. */
  readonly #service = (name: ServiceName) => this.#services.get(name) ?? this.#removedService(name);

  #makeGroups(book: RoleBook): Groups {
    const { store } = this.#options;
    return new Groups({
      ...this.#options,
      book,
      contexts: this.#contexts,
      watcher: this.#watcher,
      externals: this.#externals,
      services: () => this.#services.values(),
      service: this.#service,
      push: (happening) => this.#loop?.push(happening),
      onError: (report) => store.reportErrors([report]),
    });
  }

  #makeActor(): Actor {
    const { clock, processes, endpoints, observer, notifier, store, host } = this.#options;
    return new Actor({
      clock,
      processes,
      endpoints,
      observer,
      notifier,
      host,
      contexts: this.#contexts,
      watcher: this.#watcher,
      externals: this.#externals,
      service: this.#service,
      push: (happening) => this.#loop?.push(happening),
      reply: (command) => this.#reply(command),
      roles: this.#groups.roles,
      restore: (command) => this.#restorer.run(command),
      beforeDestructive: (service) => this.#curator.beforeDestructive(service),
      starter: this.#groups.starter,
      onError: (report) => store.reportErrors([report]),
    });
  }

  #makeOrders(): StandingOrders {
    const { clock, processes, log } = this.#options;
    return new StandingOrders({
      clock,
      processes,
      log,
      state: () => this.#theLoop().state,
      note: (body) => this.#loop?.note(body),
    });
  }

  #publish(records: readonly StoredRecord[]): void {
    this.#orders.hear(records);
    for (const record of records) for (const listener of this.#followers) listener(record);
    this.#curator.hear(records);
  }

  #needPerson(): readonly InstanceId[] {
    const { open, incidents } = this.#theLoop().state;
    return open.flatMap((id) => {
      const incident = incidents[id];
      return incident?.state === 'needs-person' ? incident.needs.filter(isInstance) : [];
    });
  }

  #programFiles(instance: InstanceId): readonly string[] {
    const service = this.#serviceOf(instance);
    const port = this.#theLoop().state.instances[instance]?.port ?? null;
    return service === null ? [] : programFiles(this.#contexts.context(service, instance, port));
  }

  /** What was decided is done first, and what is started gets the processor. */
  #accountSoon(event: EngineEvent, records: readonly LogRecord[]): void {
    if (this.#loop !== null) linkErrors(this.#options.store, records, this.#loop.state);
    const counts = records.some(
      ({ kind }) => kind === 'instance-exited' || kind.startsWith('incident-'),
    );
    if (counts) this.#options.clock.after(accountDelayMs, () => this.#account(event, records));
  }

  #account(event: EngineEvent, records: readonly LogRecord[]): void {
    const { store, host } = this.#options;
    if (records.some(({ kind }) => kind === 'incident-needs-person')) this.#programs.look();
    const errors = errorsOfExits(records, event.at, host);
    if (errors.length > 0) store.reportErrors(errors);
    this.#incidentLogs.note(records, this.#theLoop().state);
  }

  #reply({ requestId, error, message }: Extract<Command, { kind: 'reply' }>): void {
    const waiting = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    if (error !== null) waiting?.reject(new DarumaError(error.code, error.message));
    else waiting?.resolve(message);
    if (error === null && requestId.startsWith('down-')) {
      faultPoint('down.replied');
      void this.#options.end('down');
    }
  }

  #removedService(name: ServiceName): ServiceSpec | null {
    return this.#loop?.state.services[name]?.spec ?? null;
  }

  #serviceOf(instance: InstanceId): ServiceSpec | null {
    const name = serviceOf(instance);
    return name === null ? null : (this.#services.get(name) ?? null);
  }
}
