/** One drill: injects a fault under a light load, watches the incident, and measures. */
import { setTimeout as pause } from 'node:timers/promises';
import type { DrillFaultName } from '../model/drill.ts';
import { type InstanceId, serviceOf } from '../model/ids.ts';
import type { LogRecord } from '../model/record.ts';
import type { FaultKind } from '../model/symptom.ts';
import type { IncidentView } from '../model/view.ts';
import type { ControlClient } from './control-client.ts';
import { type DrillTimes, drillTimes, noTimes } from './drill-times.ts';
import { type Injection, inject, undo } from './faults.ts';
import { untilInterrupted } from './interrupt.ts';
import { type LoadFigures, type ProbeTarget, ProbingLoad } from './probing-load.ts';
import type { Session } from './session.ts';

export interface DrillPlan {
  readonly fault: Exclude<DrillFaultName, 'controller-kill'>;
  readonly instance: InstanceId;
  readonly timeoutMs: number;
  readonly bytesPerSecond: number;
  readonly kills: number;
  /** Null: the service has no endpoint, and no load is sent. */
  readonly target: ProbeTarget | null;
  readonly external: boolean;
  /** Nothing will be done about it: the drill ends when it is said what would be. */
  readonly observed: boolean;
}

export interface DrillResult extends DrillTimes {
  readonly fault: DrillFaultName;
  readonly target: string;
  readonly end: 'recovered' | 'observed' | 'needs-person' | 'timed-out' | 'interrupted';
  /** The likeliest cause, and whether it is the one that was drilled; null: nothing was blamed. */
  readonly blamed: { readonly component: string; readonly right: boolean } | null;
  readonly incident: string | null;
  readonly summary: string;
  readonly load: LoadFigures | null;
}

const lookEveryMs = 100;
const incidentsLookedAt = 20;
const recordsPage = 1_000;

/** What each fault is to the one that it befalls. */
const faultKinds: Readonly<Record<DrillPlan['fault'], FaultKind>> = {
  kill: 'crash',
  hang: 'hang',
  slow: 'slow',
  leak: 'leak',
  'crash-loop': 'crash',
};

export async function runDrill(session: Session, plan: DrillPlan): Promise<DrillResult> {
  const { client } = session;
  const enough = new AbortController();
  const injection: Injection = { ...plan, client, enough: enough.signal };
  const load = plan.target === null ? null : new ProbingLoad(plan.target);
  const interrupted = untilInterrupted();
  interrupted.addEventListener('abort', () => enough.abort());
  const deadline = setTimeout(() => enough.abort(), plan.timeoutMs);
  let figures: LoadFigures | null = null;
  let incident: IncidentView | null = null;
  let begun = 0;
  const { seq } = await client.stack();
  try {
    begun = (await client.stack()).at;
    await client.drillBegins(session.user, plan.instance, faultKinds[plan.fault]);
    const { goesOn } = await inject(plan.fault, injection);
    const watched = watch(session, plan, begun, { enough, interrupted });
    // A crash loop goes on, although what would be done is said after the first.
    const over = watched.finally(() => plan.fault === 'crash-loop' || enough.abort());
    [incident] = await Promise.all([over, goesOn]);
    await clearUp(session, plan, injection, incident);
    await client.drillEnds(session.user, plan.instance);
  } finally {
    clearTimeout(deadline);
    enough.abort();
    figures = (await load?.stop()) ?? null;
  }
  const records = incident === null ? [] : await recordsAfter(client, seq);
  const result = resultOf(plan, incident, timesOf(records, incident, begun), figures);
  return interrupted.aborted ? { ...result, end: 'interrupted' } : result;
}

/** What nobody mended is ended: a fault injected on purpose must not outlive its drill. */
async function clearUp(
  session: Session,
  plan: DrillPlan,
  injection: Injection,
  incident: IncidentView | null,
): Promise<void> {
  if (endOf(plan, incident) === 'recovered') return;
  if (plan.fault === 'hang' || plan.fault === 'slow') await undo(injection);
  if (plan.fault !== 'leak' || plan.observed) return;
  await session.client.request(session.user, { kind: 'restart', target: plan.instance });
}

interface WatchSignals {
  readonly enough: AbortController;
  readonly interrupted: AbortSignal;
}

/** Looks until the incident ended, the time is over, or a person has seen enough. */
async function watch(
  session: Session,
  plan: DrillPlan,
  begun: number,
  { enough, interrupted }: WatchSignals,
): Promise<IncidentView | null> {
  const endsAt = performance.now() + plan.timeoutMs;
  let incident: IncidentView | null = null;
  while (performance.now() < endsAt && !interrupted.aborted) {
    const incidents = await session.client.incidents(incidentsLookedAt);
    incident = incidents.find((each) => isOf(each, plan.instance, begun)) ?? null;
    const acted = incident !== null && incident.acted !== null;
    if (acted && plan.fault !== 'crash-loop') enough.abort();
    if (incident !== null && isOver(incident, plan)) return incident;
    await pause(lookEveryMs);
  }
  return incident;
}

/** An incident that was reopened by it counts as well. */
function isOf(incident: IncidentView, instance: InstanceId, begun: number): boolean {
  const concerned = [instance, serviceOf(instance)];
  return incident.symptoms.some(
    ({ component, began }) => began >= begun && concerned.includes(component),
  );
}

function isOver({ state, actions }: IncidentView, { observed }: DrillPlan): boolean {
  if (state === 'resolved' || state === 'needs-person') return true;
  return observed && actions.some(({ wouldOnly }) => wouldOnly);
}

async function recordsAfter(client: ControlClient, seq: number): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for (let after = seq; ; ) {
    const page = await client.records(after, recordsPage);
    all.push(...page.map(({ record }) => record));
    const last = page.at(-1);
    if (last === undefined || page.length < recordsPage) return all;
    after = last.seq;
  }
}

/** By the log; the newest may not be in it yet. */
function timesOf(
  records: readonly LogRecord[],
  incident: IncidentView | null,
  begun: number,
): DrillTimes {
  if (incident === null) return noTimes;
  const logged = drillTimes(records, incident.id, begun);
  const since = (at: number | null) => (at === null || at < begun ? null : at - begun);
  const resolved = incident.state === 'resolved';
  return {
    detectedMs: logged.detectedMs ?? since(incident.detected),
    locatedMs: logged.locatedMs ?? since(incident.located),
    actedMs: logged.actedMs ?? since(incident.acted),
    recoveredMs: logged.recoveredMs ?? (resolved ? since(incident.recovered) : null),
    verifiedMs: logged.verifiedMs ?? since(incident.resolved),
  };
}

/** What came of it. `incident` null: nothing was noticed. */
export function resultOf(
  plan: DrillPlan,
  incident: IncidentView | null,
  times: DrillTimes,
  load: LoadFigures | null,
): DrillResult {
  return {
    fault: plan.fault,
    target: plan.instance,
    end: endOf(plan, incident),
    ...times,
    blamed: incident === null ? null : blamedIn(incident, plan.instance),
    incident: incident?.id ?? null,
    summary: incident === null ? '' : summaryOf(incident, plan.instance),
    load,
  };
}

function blamedIn({ causes, unsure }: IncidentView, instance: InstanceId): DrillResult['blamed'] {
  const component = causes[0]?.component;
  if (component === undefined) return null;
  const right = !unsure && (component === instance || component === serviceOf(instance));
  return { component, right };
}

/** What was done about it: an incident may have taken in what happened elsewhere too. */
function summaryOf({ actions, summary }: IncidentView, instance: InstanceId): string {
  // That a former primary comes back is not what helped.
  const helped = actions.filter(({ kind }) => kind !== 'rejoin');
  const last = helped.findLast(({ target }) => target === instance) ?? helped.at(-1);
  return last?.reason ?? summary;
}

function endOf(plan: DrillPlan, incident: IncidentView | null): DrillResult['end'] {
  // Nobody recovered what was only observed, although it may have ended by itself.
  const said = plan.observed && incident?.actions.some(({ wouldOnly }) => wouldOnly) === true;
  if (said) return 'observed';
  if (incident?.state === 'resolved') return 'recovered';
  if (incident?.state === 'needs-person') return 'needs-person';
  return 'timed-out';
}
