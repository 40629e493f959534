/** The words of a decision: short, plain, and the same wherever it is shown. */
import type { Cause } from '../model/record.ts';
import type { FaultKind } from '../model/symptom.ts';

const phrases: Readonly<Record<FaultKind, string>> = {
  crash: 'it crashed',
  hang: 'it hangs',
  slow: 'it is slow',
  overload: 'it has more work than it can do',
  leak: 'it leaks',
  disk: 'its disk fails or is full',
  error: 'it answers wrongly',
  release: 'its version is bad',
  corruption: 'its data is damaged',
  unreachable: 'it can not be reached',
  configuration: 'it can not run as it is set up',
};

/** «it hangs», or «api/2 hangs» with a subject. */
export function faultPhrase(fault: FaultKind, subject = 'it'): string {
  const phrase = phrases[fault];
  if (subject === 'it') return phrase;
  return phrase.startsWith('its ')
    ? `${subject}: ${phrase}`
    : phrase.replace(/^it /, `${subject} `);
}

/** «it hangs (health check timed out 3×, process alive, its dependencies healthy)»; with doubt:
 * «not sure: it hangs or db/1 is slow (…)». */
export function blame(cause: Cause, causes: readonly Cause[], unsure: boolean): string {
  const grounds = supporting(cause);
  const because = grounds.length === 0 ? '' : ` (${grounds.join(', ')})`;
  const second = causes.find((other) => other !== cause);
  if (!unsure || second === undefined) return `${faultPhrase(cause.fault)}${because}`;
  const other = second.component === cause.component ? 'it' : second.component;
  return `not sure: ${faultPhrase(cause.fault)} or ${faultPhrase(second.fault, other)}${because}`;
}

/** The evidence for a cause that a person wants to read: what was seen first, then what was not. */
function supporting(cause: Cause): string[] {
  const own = cause.evidence.filter((one) => one.supports && one.symptom !== null);
  const rest = cause.evidence.filter((one) => one.supports && one.symptom === null);
  const around = rest.filter((one) => one.text === 'its dependencies healthy');
  const self = rest.filter((one) => !around.includes(one) && !one.text.includes('passes'));
  return [...own, ...self, ...around].slice(0, 4).map((one) => one.text);
}

/** Milliseconds as people say them: «250 ms», «2.1 s», «10 min». */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Math.round(ms / 100) / 10} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 6000) / 10} min`;
  return `${Math.round(ms / 360_000) / 10} h`;
}
