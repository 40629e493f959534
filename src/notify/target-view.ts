/** A target as it may be shown: without secrets. Pure. */
import type { QuietHours } from '../model/notification.ts';
import type { NotifyTarget, QuietHoursSpec } from '../model/notify-spec.ts';
import type { SecretSpec } from '../model/recovery-point.ts';
import { dayRanges, isQuiet, timeText } from './quiet-hours.ts';
import { shownUrl } from './secret-url.ts';

/** Such as `webhook (slack)`. */
export function kindText(target: NotifyTarget): string {
  return target.kind === 'webhook' ? `webhook (${target.format})` : target.kind;
}

/** Where it leads. */
export function shownPlace(target: NotifyTarget): string {
  switch (target.kind) {
    case 'webhook':
      return typeof target.url === 'string' ? shownUrl(target.url) : whereabouts(target.url);
    case 'command':
      return target.command.argv[0] ?? '';
    case 'email':
      return `${target.to.join(', ')} by ${target.host}:${target.port}`;
    case 'alertmanager':
    case 'pagerduty':
      return shownUrl(target.url);
  }
}

export function shownQuietHours(spec: QuietHoursSpec, at: number): QuietHours {
  const { fromMinute, toMinute, timeZone, holdCritical } = spec;
  const [from, to] = [timeText(fromMinute), timeText(toMinute)];
  const days = spec.days === undefined ? null : dayRanges(spec.days);
  return { days, from, to, timeZone, holdCritical, quietNow: isQuiet(spec, at) };
}

function whereabouts(secret: SecretSpec): string {
  return secret.from === 'environment' ? `$${secret.name}` : secret.path;
}
