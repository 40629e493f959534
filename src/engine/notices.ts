/** What people are told of an incident. */
import type { Command } from '../model/command.ts';
import { type ServiceName, serviceOf } from '../model/ids.ts';
import type { Severity } from '../model/notify-spec.ts';
import { duration, faultPhrase } from '../plan/sentence.ts';
import { groupOf } from './group.ts';
import { episodeOnset, type IncidentState } from './state.ts';
import { isRemedy } from './treatment.ts';
import type { Turn } from './turn.ts';

type Standing = Extract<Command, { readonly kind: 'notify' }>['state'];

const severities: Readonly<Record<Standing, Severity>> = {
  open: 'warning',
  'needs-person': 'critical',
  acknowledged: 'info',
  resolved: 'info',
};

export function notify(turn: Turn, incident: IncidentState, state: Standing, text: string): void {
  const about = { incident: incident.id, severity: severities[state], state };
  const title = `${turn.state.stack?.name ?? ''}: ${headline(incident)}`;
  turn.command({ kind: 'notify', ...about, title, text, services: touched(incident) }, true);
}

/** Services that show something, or are blamed. */
function touched({ symptoms, causes }: IncidentState): ServiceName[] {
  const shown = symptoms.map(({ symptom }) => serviceOf(symptom.component));
  const blamed = causes.slice(0, 1).map(({ component }) => serviceOf(component));
  return [...new Set([...shown, ...blamed])].filter((name) => name !== null);
}

/** Such as «db/1 crashed». */
function headline(incident: IncidentState): string {
  const cause = incident.causes[0];
  if (cause !== undefined && !incident.unsure) return faultPhrase(cause.fault, cause.component);
  const symptom = incident.symptoms[0]?.symptom;
  return symptom === undefined ? incident.id : `${symptom.component}: ${symptom.evidence}`;
}

/** «db/1 crashed; restart db/1; recovered after 1.2 s, symptoms absent for 10 s». */
export function summary(turn: Turn, incident: IncidentState, unwanted: boolean): string {
  const what = headline(incident);
  if (unwanted) return `${what}; stopped on request`;
  if (!wasActedOn(incident)) {
    return `${what}; ended by itself ${durations(incident, turn.at)}`;
  }
  const done = incident.actions
    .filter((action) => isRemedy(action) && action.outcome === 'verified')
    .map(({ planned }) => `${planned.kind} ${planned.name ?? planned.target}`);
  const recovered = incident.recovered ?? turn.at;
  const times =
    `recovered ${durations(incident, recovered)}, ` +
    `symptoms absent for ${duration(turn.at - recovered)}`;
  return [what, ...new Set(done), ...waits(turn, incident), times].join('; ');
}

/** With failover: such as «writes waited for 320 ms at most». */
function waits(turn: Turn, incident: IncidentState): string[] {
  const onset = episodeOnset(incident);
  const services = new Set(incident.symptoms.map(({ symptom }) => serviceOf(symptom.component)));
  return [...services].flatMap((service) => {
    const { since, until } = groupOf(turn.state, service ?? '')?.waited ?? { since: 0, until: 0 };
    if (until === null || since < onset || until <= since) return [];
    return [`writes waited for ${duration(until - since)} at most`];
  });
}

/** «after 1.2 s»; of one that came back «1.2 s after it came back, 8 min after it began». */
function durations(incident: IncidentState, until: number): string {
  const now = duration(until - episodeOnset(incident));
  if (incident.returned === undefined) return `after ${now}`;
  return `${now} after it came back, ${duration(until - incident.onset)} after it began`;
}

/** Since it began, or came back the last time. */
function wasActedOn({ acted, returned, actions }: IncidentState): boolean {
  if (acted === null || returned === undefined) return acted !== null;
  return actions.some((action) => isRemedy(action) && (action.begun ?? 0) >= returned);
}
