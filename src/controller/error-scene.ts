/**
 * What surrounds an error when it is reported: the role and the release of its instance, the
 * incident that is open for it, and where its log ends. What the report says itself stays.
 */
import type { EngineState } from '../engine/index.ts';
import type { ErrorReport } from '../model/error-record.ts';
import type { Role } from '../model/group.ts';
import type { IncidentId, InstanceId, ServiceName } from '../model/ids.ts';
import { instanceLogDir } from '../model/layout.ts';
import type { LogRecord } from '../model/record.ts';
import type { Store } from '../ports/store.ts';

/** In the stack file: `environment: { RELEASE: … }`. */
const releaseVariable = 'RELEASE';
/** Errors of so long before the onset belong to the incident. */
const beforeOnsetMs = 10_000;
/** In a flood, the log is looked at this often. */
const logKnownMs = 200;

export interface ErrorSceneOptions {
  readonly stateDir: string;
  /** Offset after the last byte of the log in a directory. */
  readonly logEnd: (logDir: string) => number;
}

export class ErrorScene {
  readonly #options: ErrorSceneOptions;
  readonly #logs = new Map<InstanceId, { readonly at: number; readonly end: number }>();
  #state: () => EngineState | null = () => null;

  constructor(options: ErrorSceneOptions) {
    this.#options = options;
  }

  /** From now on it is this stack. */
  follow(state: () => EngineState | null): void {
    this.#state = state;
  }

  readonly describe = (report: ErrorReport): ErrorReport => {
    const { service, instance } = report.origin;
    const state = this.#state();
    if (state === null || service === null) return report;
    const role = instance === null ? undefined : roleAt(state, service, instance, report.at);
    const release = releaseOf(state, service, instance);
    const incident = openIncident(state, service, instance);
    const log = instance === null ? undefined : this.logEnd(instance, report.at);
    return {
      ...(release === undefined ? {} : { release }),
      ...(incident === undefined ? {} : { incident }),
      ...(log === undefined ? {} : { log }),
      ...report,
      origin: { ...(role === undefined ? {} : { role }), ...report.origin },
    };
  };

  /** In bytes from the log's beginning; undefined: it can't be read. `at`: now. */
  readonly logEnd = (instance: InstanceId, at: number): number | undefined => {
    const known = this.#logs.get(instance);
    if (known !== undefined && Math.abs(at - known.at) < logKnownMs) return known.end;
    const { stateDir, logEnd } = this.#options;
    try {
      const end = logEnd(instanceLogDir(stateDir, instance));
      this.#logs.set(instance, { at, end });
      return end;
    } catch {
      // A log that can't be read is told of by whoever reads it; the error is kept without.
      return undefined;
    }
  };
}

/** By the reign that it was in: a fail-over may have come between the error and its report. */
function roleAt(
  { services }: EngineState,
  service: ServiceName,
  instance: InstanceId,
  at: number,
): Role | undefined {
  const group = services[service]?.group;
  if (group === undefined) return undefined;
  const primary = at < group.chosenAt ? group.former : group.primary;
  if (primary === null) return undefined;
  return primary === instance ? 'primary' : 'standby';
}

/** An instance that was started by an older definition may be of any release. */
function releaseOf(
  { services, instances }: EngineState,
  service: ServiceName,
  instance: InstanceId | null,
): string | undefined {
  if (instance !== null && instances[instance]?.changed === true) return undefined;
  const release = services[service]?.spec.environment[releaseVariable];
  return release === undefined || release === '' ? undefined : release;
}

function openIncident(
  { open, incidents }: EngineState,
  service: ServiceName,
  instance: InstanceId | null,
): IncidentId | undefined {
  return open.find((id) =>
    incidents[id]?.symptoms.some(({ symptom: { component } }) =>
      instance === null
        ? component === service || component.startsWith(`${service}/`)
        : component === instance || component === service,
    ),
  );
}

/** Errors that were seen while an incident began belong to it, also those told before it. */
export function linkErrors(
  store: Pick<Store, 'linkErrors'>,
  records: readonly LogRecord[],
  state: EngineState,
): void {
  for (const record of records) {
    if (record.kind !== 'incident-opened' && record.kind !== 'incident-joined') continue;
    const symptom = state.symptoms[record.symptom]?.symptom;
    if (symptom === undefined) continue;
    const { incident } = record;
    const { component, began } = symptom;
    store.linkErrors({ incident, component, since: began - beforeOnsetMs });
  }
}
