/**
 * Alerts for Alertmanager, API version 2. An incident is one alert for each severity that it had,
 * as the severity is a label and labels are what an alert is known by: when it gets worse the next
 * one fires and the one before ends.
 *
 * Alertmanager forgets alerts when it is started again and ends those that nobody repeats, so that
 * they are sent again (`repeatEveryMs`) for as long as the incident is open.
 */
import type { AlertmanagerTarget } from '../model/notify-spec.ts';
import { judgeStatus } from './answer.ts';
import type { Letter } from './body.ts';
import type { Failure } from './failure.ts';
import { request } from './http.ts';
import type { Limits, Sending } from './sending.ts';

export const repeatEveryMs = 60_000;
/** What is not repeated for so long ends: Daruma is gone, and says nothing of it any more. */
const lastsMs = 3_600_000;
const testLastsMs = 300_000;

export interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
}

/** Null: they were accepted. */
export async function sendAlerts(
  { clock, host }: Sending,
  target: AlertmanagerTarget,
  letter: Letter,
  limits: Limits,
): Promise<Failure | null> {
  const answer = await request(clock, {
    method: 'POST',
    url: `${target.url}/api/v2/alerts`,
    headers: { 'content-type': 'application/json', ...target.headers },
    body: JSON.stringify(alertsOf(target, letter, host)),
    ...limits,
  });
  return judgeStatus(answer);
}

/** Those that fire, and those that end. */
export function alertsOf(target: AlertmanagerTarget, letter: Letter, host: string): Alert[] {
  const { notice, update, at } = letter;
  const alert = (name: string, severity: string, endsAt: number): Alert => ({
    labels: {
      ...target.labels,
      ...{ alertname: name, stack: letter.stack, host, incident: notice.incident, severity },
    },
    annotations: {
      summary: notice.title,
      description: notice.text,
      services: (notice.services ?? []).join(', '),
    },
    startsAt: new Date(letter.since).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
  });
  const incident = (severity: string, endsAt: number) => alert('DarumaIncident', severity, endsAt);
  switch (notice.state) {
    case 'open':
      return [incident('warning', at + lastsMs)];
    case 'needs-person': {
      const before = update === 0 ? [] : [incident('warning', at)];
      return [incident('critical', at + lastsMs), ...before];
    }
    case 'acknowledged':
    case 'resolved':
    case 'summary':
      return [incident('critical', at), incident('warning', at)];
    case 'test':
      return [alert('DarumaTest', 'info', at + testLastsMs)];
  }
}
