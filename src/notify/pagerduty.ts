/**
 * Events for PagerDuty, Events API version 2. The key that PagerDuty knows an alert by has the
 * severity in it: a second event for an alert that is there wakes nobody, so what gets worse is
 * another alert, and the one before is resolved.
 */
import type { PagerDutyTarget, Severity } from '../model/notify-spec.ts';
import { judgeStatus } from './answer.ts';
import type { Letter } from './body.ts';
import type { Failure } from './failure.ts';
import { request } from './http.ts';
import type { Limits, Sending } from './sending.ts';

const summaryLengthMax = 1024;

export interface PagerDutyEvent {
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve';
  readonly dedup_key: string;
  readonly client?: string;
  readonly payload?: {
    readonly summary: string;
    readonly source: string;
    readonly severity: Severity;
    readonly timestamp: string;
    readonly component?: string;
    readonly group: string;
    readonly class: string;
    readonly custom_details: Readonly<Record<string, string>>;
  };
}

/** Null: all of it was accepted. */
export async function sendEvents(
  { clock, host, secret }: Sending,
  target: PagerDutyTarget,
  letter: Letter,
  limits: Limits,
): Promise<Failure | null> {
  const key = (await secret(target.routingKey, 'the integration key')).trim();
  for (const event of eventsOf(letter, host)) {
    const answer = await request(clock, {
      method: 'POST',
      url: `${target.url}/v2/enqueue`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ routing_key: key, ...event }),
      secrets: [key],
      ...limits,
    });
    const failed = judgeStatus(answer);
    if (failed !== null) return failed;
  }
  return null;
}

/** In this order. What PagerDuty doesn't know it takes and ignores. */
export function eventsOf(letter: Letter, host: string): PagerDutyEvent[] {
  const { notice, stack, update } = letter;
  const keyOf = (part: string) => `daruma:${host}:${stack}:${notice.incident}:${part}`;
  const trigger = (severity: Severity): PagerDutyEvent => ({
    event_action: 'trigger',
    dedup_key: keyOf(severity),
    client: 'Daruma',
    payload: payloadOf(letter, severity, host),
  });
  const resolve = (severity: Severity): PagerDutyEvent => {
    return { event_action: 'resolve', dedup_key: keyOf(severity) };
  };
  switch (notice.state) {
    case 'open':
      return [trigger('warning')];
    case 'needs-person':
      return [trigger('critical'), ...(update === 0 ? [] : [resolve('warning')])];
    case 'acknowledged':
      return [{ event_action: 'acknowledge', dedup_key: keyOf('critical') }];
    case 'resolved':
    case 'summary':
      return [resolve('critical'), resolve('warning')];
    case 'test':
      return [trigger('info')];
  }
}

function payloadOf(
  { stack, notice, at }: Letter,
  severity: Severity,
  host: string,
): NonNullable<PagerDutyEvent['payload']> {
  const { incident, title, text, services = [] } = notice;
  const [component] = services;
  return {
    summary: title.slice(0, summaryLengthMax).toWellFormed(),
    source: host,
    severity,
    timestamp: new Date(at).toISOString(),
    ...(component === undefined ? {} : { component }),
    group: stack,
    class: notice.state === 'test' ? 'test' : 'incident',
    custom_details: { incident, services: services.join(', '), text },
  };
}
