/** Who gets what, and when. Pure. */
import type { NotifyTarget, Severity } from '../model/notify-spec.ts';
import type { Notice } from '../ports/notifier.ts';
import { isQuiet } from './quiet-hours.ts';

const severities: readonly Severity[] = ['info', 'warning', 'critical'];

/** What the target knows of an incident that is not over. */
export interface Told {
  /** It was critical when it was told: where such comes through, so does what follows. */
  readonly throughQuiet: boolean;
}

/** `hold`: until quiet hours are over. `drop`: it is not for this target. */
export type Verdict = 'send' | 'hold' | 'drop';

/** `told`: null if the target knows nothing of it: who was told of an incident is told how it goes
 * on, whatever its severity; also in quiet hours whoever was called in them. */
export function verdict(
  target: NotifyTarget,
  notice: Notice,
  told: Told | null,
  at: number,
): Verdict {
  if (told === null && !(isSevere(target, notice) && isConcerned(target, notice))) return 'drop';
  // Alertmanager has no word for it.
  if (target.kind === 'alertmanager' && notice.state === 'acknowledged') return 'drop';
  const quiet = (target.quietHours ?? []).filter((span) => isQuiet(span, at));
  if (quiet.length === 0) return 'send';
  if (quiet.some(({ holdCritical }) => holdCritical)) return 'hold';
  return notice.severity === 'critical' || told?.throughQuiet === true ? 'send' : 'hold';
}

export function isWorse(severity: Severity, than: Severity): boolean {
  return severities.indexOf(severity) > severities.indexOf(than);
}

function isSevere({ minSeverity }: NotifyTarget, { severity }: Notice): boolean {
  return !isWorse(minSeverity, severity);
}

/** What is of no service, such as a fault of the host, concerns everybody. */
function isConcerned({ services }: NotifyTarget, notice: Notice): boolean {
  const touched = notice.services ?? [];
  if (services === undefined || touched.length === 0) return true;
  return touched.some((name) => services.includes(name));
}
