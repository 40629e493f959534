/** Services of which one instance is primary: what goes with which driver, and with how many. */
import type { CommandSpec } from '../model/command-spec.ts';
import type { DriverName, FailoverSpec, RoleCallSpec } from '../model/stack-spec.ts';
import { toCommand, toOptionalCommand } from './command.ts';
import type { StackDocument } from './document.ts';
import { at } from './issues.ts';
import type { Path } from './problem.ts';
import type { RawService } from './schema-service.ts';

type Raw = NonNullable<RawService['failover']>;
type RawCall = NonNullable<Raw['become']>;

const defaultMaxLagBytes = 16 * 2 ** 20;

const modeOf: Readonly<Record<DriverName, FailoverSpec['mode']>> = {
  postgres: 'replication',
  process: 'active-standby',
  external: 'active-standby',
};

/** What goes with a driver besides what goes with all. */
const fieldsOf: Readonly<Record<DriverName, readonly (keyof Raw)[]>> = {
  postgres: ['durability'],
  process: ['standby', 'become', 'cease', 'url'],
  external: ['role', 'promote', 'demote', 'fence', 'url'],
};

const always: readonly (keyof Raw)[] = ['mode', 'switchover_limit', 'hold'];

/** Nothing when the service has no failover. */
export function toFailover(
  document: StackDocument,
  path: Path,
  service: RawService,
): { readonly failover?: FailoverSpec } {
  const { failover: raw, driver } = service;
  if (raw === undefined) {
    checkWithout(document, path, service);
    return {};
  }
  const here = [...path, 'failover'];
  checkFields(document, here, raw, driver);
  if (driver === 'external') checkExternal(document, path, service, raw);
  if (service.replicas < 2) {
    const message = `expected at least 2 replicas with \`failover\`, found ${service.replicas}`;
    document.complain(here, { message, hint: 'say `replicas: 2`: one primary, one standby' });
  }
  const command = (field: 'role' | 'fence') => toCommandOrCall(document, here, raw, field);
  return {
    failover: {
      mode: modeOf[driver],
      ...(driver === 'postgres' ? { durability: toDurability(raw.durability) } : {}),
      ...(driver === 'process' ? { standby: raw.standby ?? 'hot' } : {}),
      ...optional('become', toCall(document, here, raw, ['become', 'promote'])),
      ...optional('cease', toCall(document, here, raw, ['cease', 'demote'])),
      ...optional('role', command('role')),
      ...optional('fence', command('fence')),
      switchoverLimitMs: raw.switchover_limit,
      holdMs: raw.hold,
    },
  };
}

/** More than one replica, and what makes sense with a primary only. */
function checkWithout(document: StackDocument, path: Path, service: RawService): void {
  const { driver, replicas } = service;
  // What is written there is wrong, and has been told.
  if (at(document.value, [...path, 'failover']) !== undefined) return;
  if (service.endpoint_read !== undefined) {
    document.complain([...path, 'endpoint_read'], {
      message: 'leads to standbys: needs `failover`',
    });
  }
  if (replicas === 1 || driver === 'process') return;
  document.complain([...path, 'replicas'], {
    message: `expected \`failover\` with ${replicas} replicas of \`driver: ${driver}\``,
    hint:
      driver === 'postgres'
        ? 'add `failover: { durability: synchronous }`'
        : 'add it when one of them is primary, else make each a service of its own',
  });
}

function checkFields(document: StackDocument, here: Path, raw: Raw, driver: DriverName): void {
  const allowed: readonly string[] = [...always, ...fieldsOf[driver]];
  for (const [field, value] of Object.entries(raw)) {
    if (value === undefined || allowed.includes(field)) continue;
    document.complain([...here, field], {
      message: `does not go with \`driver: ${driver}\``,
      hint: `there are: ${allowed.join(', ')}`,
    });
  }
  const mode = modeOf[driver];
  if (raw.mode !== undefined && raw.mode !== mode) {
    document.complain([...here, 'mode'], {
      message: `expected ${mode} for \`driver: ${driver}\`, found ${raw.mode}`,
    });
  }
  if (raw.standby === 'warm' && raw.cease === undefined) {
    const hint = 'or say `standby: hot`, if it waits by itself';
    document.complain([...here, 'standby'], { message: 'a warm standby needs `cease`', hint });
  }
}

function checkExternal(document: StackDocument, path: Path, service: RawService, raw: Raw): void {
  for (const field of ['role', 'promote'] as const) {
    if (raw[field] !== undefined) continue;
    document.complain([...path, 'failover'], { message: `missing: expected \`${field}\`` });
  }
  if (service.endpoint === undefined || service.external?.ports !== undefined) return;
  const hint = 'such as `external: { ports: [5433, 5434] }`';
  document.complain([...path, 'endpoint'], {
    message: 'where each replica listens is needed',
    hint,
  });
}

function toDurability(raw: Raw['durability']): NonNullable<FailoverSpec['durability']> {
  if (raw === undefined || raw === 'synchronous') return { kind: 'synchronous' };
  const maxLagBytes = raw === 'asynchronous' ? defaultMaxLagBytes : raw.asynchronous.max_lag;
  return { kind: 'asynchronous', maxLagBytes };
}

function optional<K extends string, V>(key: K, value: V | null): { readonly [P in K]?: V } {
  return value === null ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}

/** Text and lists stay the plain commands that they always were. */
function toCommandOrCall(
  document: StackDocument,
  here: Path,
  raw: Raw,
  name: 'role' | 'fence',
): CommandSpec | RoleCallSpec | null {
  const written = raw[name];
  if (written === undefined || typeof written === 'string' || Array.isArray(written))
    return toOptionalCommand(document, [...here, name], written);
  const call = toRoleCall(document, [...here, name], written, raw.url);
  if (name === 'role' && call?.kind === 'http') {
    const message = 'expected `command` or `sql`: an answer by HTTP says no role';
    document.complain([...here, name], { message });
  }
  return call;
}

/** By whichever of the names it was written. */
function toCall(
  document: StackDocument,
  here: Path,
  raw: Raw,
  names: readonly ('become' | 'cease' | 'promote' | 'demote')[],
): RoleCallSpec | null {
  const name = names.find((one) => raw[one] !== undefined);
  const call = name === undefined ? undefined : raw[name];
  if (name === undefined || call === undefined) return null;
  return toRoleCall(document, [...here, name], call, raw.url);
}

const defaultTimeoutMs = 5_000;

function toRoleCall(
  document: StackDocument,
  path: Path,
  raw: RawCall,
  defaultUrl: string | undefined,
): RoleCallSpec | null {
  if (typeof raw === 'string' || Array.isArray(raw)) {
    const command = toCommand(document, path, raw, false);
    return { kind: 'command', command, timeoutMs: defaultTimeoutMs };
  }
  const full = raw as Exclude<RawCall, string | string[]>;
  const { timeout: timeoutMs, sql: query } = full;
  const ways = (['command', 'http', 'sql'] as const).filter((way) => full[way] !== undefined);
  const [way] = ways;
  if (way === undefined || ways.length > 1) {
    document.complain(path, { message: 'expected one of `command`, `http` and `sql`' });
    return null;
  }
  checkNeeded(document, path, full, way);
  if (full.http !== undefined) {
    return { kind: 'http', method: full.method ?? 'POST', url: full.http, timeoutMs };
  }
  if (query !== undefined) {
    const url = full.url ?? defaultUrl;
    if (url !== undefined) return { kind: 'sql', query, url, timeoutMs };
    const hint = 'say it here or once under `failover`: postgres://user@127.0.0.1:${PORT}/postgres';
    document.complain(path, { message: 'missing: expected `url`', hint });
    return null;
  }
  const shell = full.shell === true;
  const command = toCommand(document, [...path, 'command'], full.command ?? '', shell);
  return { kind: 'command', command, timeoutMs };
}

const needs = { shell: 'command', method: 'http', url: 'sql' } as const;

function checkNeeded(
  document: StackDocument,
  path: Path,
  full: Exclude<RawCall, string | string[]>,
  way: 'command' | 'http' | 'sql',
): void {
  for (const field of ['shell', 'method', 'url'] as const) {
    if (full[field] === undefined || needs[field] === way) continue;
    document.complain([...path, field], { message: `needs \`${needs[field]}\`` });
  }
}
