/** Records of the event log as sentences. */
import type { ErrorInfo } from './errors.ts';
import { describeExit } from './exit.ts';
import type { Cause, LogRecord } from './record.ts';
import { sizeText } from './size-text.ts';

type Sayings = {
  readonly [K in LogRecord['kind']]?: (
    record: Extract<LogRecord, { readonly kind: K }>,
  ) => string | null;
};

type Step = Extract<LogRecord, { readonly kind: 'role-step' }>['step'];

/** What begins; null: it is no news. `_` stands for the instance, or for the service. */
const stepTexts: Readonly<Record<Step, string | null>> = {
  fence: '_ is being fenced',
  survey: null,
  promote: '_ is being made primary',
  follow: '_ is told to follow the new primary',
  'set-eligible': null,
  admit: '_ catches up',
  quiesce: 'new connections to _ wait until transactions have ended',
};

type PointRecord = Extract<LogRecord, { readonly kind: 'point' }>;
type RestoreRecord = Extract<LogRecord, { readonly kind: 'restore-step' }>;

function pointText(
  service: string,
  what: PointRecord['what'],
  point: string | null,
  bytes: number | null,
  error: ErrorInfo | null,
): string | null {
  if (what === 'made')
    return `${service}: recovery point ${point}${bytes === null ? '' : `, ${sizeText(bytes)}`}`;
  if (what === 'failed') return `${service}: no recovery point: ${error?.message ?? 'failed'}`;
  if (what === 'proven') return `${service}: recovery point ${point} is proven`;
  if (what === 'removed') return null;
  return `${service}: recovery point ${point ?? ''} does not restore: ${error?.message ?? ''}`;
}

/** What begins, and what it came to. */
const restoreTexts: Readonly<Record<RestoreRecord['step'], readonly [string, string]>> = {
  prepare: ['a restore is prepared while the old data serves', 'the restore is ready'],
  swap: ['what was restored takes the place of the data', 'the restored data is in place'],
  undo: ['what was there before takes its place again', 'the data of before is in place'],
  confirm: ['what was there before the restore is removed', 'what was there before is removed'],
};

function restoreText(
  service: string,
  step: RestoreRecord['step'],
  state: RestoreRecord['state'],
  error: ErrorInfo | null,
): string | null {
  const [begun, done] = restoreTexts[step];
  if (state === 'failed') return `${service}: ${step} failed: ${error?.message ?? ''}`;
  if (state === 'asked') return `${service} is stopped for its data to be exchanged`;
  return `${service}: ${state === 'begun' ? begun : done}`;
}

/** Kinds that aren't here are bookkeeping and no news to a person. */
const sayings: Sayings = {
  configured: ({ spec }) => `stack file taken: ${spec.services.map(({ name }) => name).join(', ')}`,
  // What a person asks of the engine is told by what comes of it.
  requested: ({ by, what, request }) => (request?.kind === 'note' ? `${by} ${what}` : null),
  wanted: ({ target, wanted, by }) =>
    `${by} wants ${target ?? 'everything'} ${wanted === 'up' ? 'up' : 'down'}`,
  'instance-starting': ({ instance }) => `${instance} is being started`,
  'instance-started': ({ instance, pid }) =>
    `${instance} started${pid === null ? '' : ` (pid ${pid})`}`,
  'instance-adopted': ({ instance, pid }) =>
    `${instance} was running already and is adopted${pid === null ? '' : ` (pid ${pid})`}`,
  'instance-start-failed': ({ instance, error }) => `${instance} can’t start: ${error.message}`,
  'instance-ready': ({ instance }) => `${instance} is ready`,
  'instance-exited': ({ instance, exit, expected }) => {
    const last = exit.lastLines.at(-1);
    const output = expected || last === undefined ? '' : `; last output: ${last}`;
    return `${instance} ${describeExit(exit)}${output}`;
  },
  'instance-stopping': ({ instance }) => `${instance} is being stopped`,
  'instance-stopped': ({ instance }) => `${instance} stopped`,
  'instance-stop-failed': ({ instance, error }) => `${instance} can’t be stopped: ${error.message}`,
  // That a person is needed is told by its incident.
  'instance-held': ({ instance, reason, waitsFor }) =>
    waitsFor === 'person' ? null : `${instance} ${reason}`,
  'order-given': ({ instances }) =>
    `${instances.join(', ')}: to be started again at once, whenever it ends`,
  'order-withdrawn': ({ instances, reason }) =>
    `${instances.join(', ')}: not to be started again at once any more: ${reason}`,
  // An exit has been told of as such.
  'symptom-began': ({ symptom: { name, component, evidence } }) =>
    name === 'exit' ? null : `${component}: ${evidence}`,
  'incident-opened': ({ incident, symptom }) => `incident ${incident} opened by ${symptom}`,
  'incident-located': ({ incident, causes, unsure }) => {
    if (causes.length === 0) return null;
    return `${incident}: ${unsure ? 'not sure: ' : ''}${likeliest(causes, unsure)}`;
  },
  point: ({ service, what, point, bytes, error }) => pointText(service, what, point, bytes, error),
  'restore-step': ({ service, step, state, error }) => restoreText(service, step, state, error),
  'action-planned': ({ incident, planned }) =>
    incident === null ? null : `${incident}: ${planned.reason}`,
  'action-done': ({ incident, action, error }) =>
    error === null ? null : `${incident ?? 'action'} ${action} failed: ${error.message}`,
  'action-outcome': ({ incident, outcome, reason }) =>
    incident === null ? null : `${incident}: ${outcome}: ${reason}`,
  // The plan that ended here has given the reason.
  'incident-needs-person': ({ incident }) => `${incident} waits for a person: daruma explain`,
  'slow-try': ({ changed }) =>
    changed === undefined ? null : `the program of ${changed} was changed: it is tried again`,
  'incident-resolved': ({ incident, summary }) => `${incident} resolved: ${summary}`,
  'incident-reopened': ({ incident, symptom }) =>
    `${incident} is back: ${symptom.replace('#', ': ')}`,
  'primary-chosen': ({ reason }) => reason,
  'primary-serves': ({ instance, epoch }) => `${instance} serves as primary of epoch ${epoch}`,
  'eligible-changed': ({ reason }) => reason,
  'role-step': ({ instance, service, step, state, error }) => {
    if (state === 'failed') return `${instance}: ${step} failed: ${error?.message}`;
    const text = state === 'begun' ? stepTexts[step] : null;
    return text === null ? null : text.replace('_', step === 'quiesce' ? service : instance);
  },
  'drill-began': ({ component, fault, by }) => `${by} drills ${component}: ${fault}`,
  'maintenance-began': ({ service, by, untilHealthy }) =>
    `${by} put ${service} under maintenance${untilHealthy ? ' until it is healthy' : ''}`,
  'maintenance-ended': ({ service, reason }) => `the maintenance of ${service} is over: ${reason}`,
  'knowledge-imported': ({ by }) => `${by} replaced what was learned`,
  'knowledge-reset': ({ by }) => `${by} had what was learned forgotten`,
  reset: ({ target, by }) =>
    `${by} cleared budgets and back-off${target === null ? '' : ` of ${target}`}`,
  consent: ({ incident, given, by }) => `${by} ${given ? 'approved' : 'rejected'} ${incident}`,
  store: ({ writable, reason }) =>
    writable ? 'the log can be written again' : `the log can’t be written: ${reason}`,
  slept: ({ ms }) => `the controller was paused for ${Math.round(ms)} ms`,
};

/** Null: nothing that a person need hear. */
export function recordText(record: LogRecord): string | null {
  const saying = sayings[record.kind] as ((record: LogRecord) => string | null) | undefined;
  return saying?.(record) ?? null;
}

function likeliest(causes: readonly Cause[], unsure: boolean): string {
  return causes
    .slice(0, unsure ? 2 : 1)
    .map(({ component, fault, probability }) => `${probability.toFixed(2)} ${component}: ${fault}`)
    .join(' or ');
}
