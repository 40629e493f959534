/** Who is told of incidents, as the rest of Daruma sees it. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isLoopback } from '../model/console-spec.ts';
import type { EmailTarget, NotifySpec, NotifyTarget, WebhookTarget } from '../model/notify-spec.ts';
import type { SecretSpec } from '../model/recovery-point.ts';
import { unknownService } from './checks.ts';
import { toCommand } from './command.ts';
import type { EnvironmentContext } from './environment.ts';
import type { Path } from './problem.ts';
import { toQuietHours } from './quiet-hours.ts';
import type { RawNotify, RawTarget } from './schema-notify.ts';

export interface NotifyContext extends EnvironmentContext {
  /** Names of all services. */
  readonly services: readonly string[];
}

export function toNotify(context: NotifyContext, raw: RawNotify): NotifySpec {
  const names = new Set<string>();
  const targets = raw.targets.flatMap((one, index) => {
    const path = ['notify', 'targets', index];
    const target = toTarget(context, path, one, index + 1);
    if (target === null) return [];
    if (names.has(target.name)) {
      context.document.complain([...path, 'name'], { message: `${target.name} is given twice` });
    }
    names.add(target.name);
    return [target];
  });
  const { heartbeat } = raw;
  return {
    targets,
    heartbeat:
      heartbeat === undefined ? null : { url: heartbeat.url, intervalMs: heartbeat.interval },
  };
}

type Way = 'webhook' | 'command' | 'email' | 'alertmanager' | 'pagerduty';

const fieldsOf: Readonly<Record<Way, readonly (keyof RawTarget)[]>> = {
  webhook: [
    ...(['webhook', 'webhook_env', 'webhook_file'] as const),
    ...(['format', 'headers', 'secret_env', 'secret_file'] as const),
  ],
  command: ['command', 'shell'],
  email: ['email'],
  alertmanager: ['alertmanager'],
  pagerduty: ['pagerduty'],
};

/** Null: it can't be told what it is. */
function wayOf({ document }: NotifyContext, path: Path, raw: RawTarget): Way | null {
  const isGiven = (field: keyof RawTarget) => raw[field] !== undefined;
  const hasUrl = fieldsOf.webhook.slice(0, 3).some(isGiven);
  const others = (['command', 'email', 'alertmanager', 'pagerduty'] as const).filter(isGiven);
  const ways: readonly Way[] = hasUrl ? ['webhook', ...others] : others;
  const [way] = ways;
  if (way === undefined || ways.length > 1) {
    const expected = '`webhook`, `command`, `email`, `alertmanager`, `pagerduty`';
    document.complain(path, { message: `expected one of ${expected}` });
    return null;
  }
  for (const other of Object.keys(fieldsOf) as Way[]) {
    if (other === way) continue;
    for (const field of fieldsOf[other].filter(isGiven)) {
      document.complain([...path, field], { message: `is for \`${other}\`, not for \`${way}\`` });
    }
  }
  return way;
}

function toTarget(
  context: NotifyContext,
  path: Path,
  raw: RawTarget,
  number: number,
): NotifyTarget | null {
  const way = wayOf(context, path, raw);
  if (way === null) return null;
  raw.services?.forEach((name, index) => {
    if (context.services.includes(name)) return;
    context.document.complain([...path, 'services', index], unknownService(name, context.services));
  });
  const hours = [...path, 'quiet_hours'];
  const quietHours = toQuietHours(context.document, hours, raw.quiet_hours);
  if (quietHours.length > 0 && (way === 'alertmanager' || way === 'pagerduty')) {
    const hint = 'say there who is woken when';
    const message = `${way} must know all the time how it stands`;
    context.document.complain(hours, { message, hint });
  }
  const addressed = {
    name: raw.name ?? `${way} ${number}`,
    minSeverity: raw.min_severity,
    ...(raw.services === undefined ? {} : { services: raw.services }),
    ...(quietHours.length === 0 ? {} : { quietHours }),
  };
  if (raw.email !== undefined) return { ...addressed, ...toEmail(context, path, raw.email) };
  if (raw.alertmanager !== undefined) {
    const { url, headers, labels } = raw.alertmanager;
    const own = { url: withoutSlash(url), headers: texts(headers), labels: texts(labels) };
    return { ...addressed, kind: 'alertmanager', ...own };
  }
  if (raw.pagerduty !== undefined) {
    const fields = ['routing_key_env', 'routing_key_file'] as const;
    const routingKey = toSecret(context, [...path, 'pagerduty'], raw.pagerduty, fields);
    const url = withoutSlash(raw.pagerduty.url);
    return routingKey === null ? null : { ...addressed, kind: 'pagerduty', url, routingKey };
  }
  if (raw.command !== undefined) {
    const where = [...path, 'command'];
    const command = toCommand(context.document, where, raw.command, raw.shell === true);
    return { ...addressed, kind: 'command', command };
  }
  return { ...addressed, ...toWebhook(context, path, raw) };
}

function toWebhook(context: NotifyContext, path: Path, raw: RawTarget): WebhookTarget {
  const url = raw.webhook ?? toSecret(context, path, raw, ['webhook_env', 'webhook_file']);
  const named = raw.webhook_env !== undefined || raw.webhook_file !== undefined;
  if (raw.webhook !== undefined && named) {
    context.document.complain([...path, 'webhook'], { message: 'the URL is given twice' });
  }
  const signed = raw.secret_env !== undefined || raw.secret_file !== undefined;
  const secret = signed ? toSecret(context, path, raw, ['secret_env', 'secret_file']) : null;
  return {
    kind: 'webhook',
    url: url ?? '',
    format: raw.format ?? 'json',
    headers: texts(raw.headers ?? {}),
    ...(secret === null ? {} : { secret }),
  };
}

function toEmail(
  context: NotifyContext,
  path: Path,
  raw: NonNullable<RawTarget['email']>,
): EmailTarget {
  const { document, directory } = context;
  const [, host = '', port] = /^\[?(.+?)\]?(?::(\d+))?$/.exec(raw.smtp) ?? [];
  const here = [...path, 'email'];
  const fields = ['password_env', 'password_file'] as const;
  const wantsLogin = raw.user !== undefined || fields.some((field) => raw[field] !== undefined);
  const password = wantsLogin ? toSecret(context, here, raw, fields) : null;
  if (wantsLogin && raw.user === undefined) {
    document.complain([...here, 'user'], { message: 'missing: whose password it is' });
  }
  if (raw.security === 'none' && !isLoopback(host) && host !== 'localhost') {
    const hint = 'say `security: starttls` or `security: tls`';
    const message = `mail to ${host} would go through the network in the clear`;
    document.complain([...here, 'security'], { message, hint });
  }
  return {
    kind: 'email',
    host,
    port: port === undefined ? (raw.security === 'tls' ? 465 : 587) : Number(port),
    security: raw.security,
    caFile: raw.ca_file === undefined ? null : resolve(directory, raw.ca_file),
    login: password === null ? null : { user: raw.user ?? '', password },
    from: raw.from,
    to: typeof raw.to === 'string' ? [raw.to] : raw.to,
  };
}

/** Null: it isn't said where it is. One that isn't there now is warned of: it may be at `up`. */
function toSecret<T extends string>(
  { document, directory, lookup }: NotifyContext,
  path: Path,
  raw: { readonly [K in T]?: string | undefined },
  [nameField, fileField]: readonly [T, T],
): SecretSpec | null {
  const [name, file] = [raw[nameField], raw[fileField]];
  if (name !== undefined && file !== undefined) {
    const message = `there is \`${fileField}\` already`;
    document.complain([...path, nameField], { message });
  }
  if (file !== undefined) {
    const full = resolve(directory, file);
    if (!existsSync(full)) document.warn([...path, fileField], { message: 'no such file yet' });
    return { from: 'file', path: full };
  }
  if (name !== undefined) {
    const missing = lookup(name) === undefined;
    if (missing) document.warn([...path, nameField], { message: `\`${name}\` is not set` });
    return { from: 'environment', name };
  }
  document.complain(path, { message: `expected \`${nameField}\` or \`${fileField}\`` });
  return null;
}

function texts(map: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, String(value)]));
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
