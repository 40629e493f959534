/** Health checks: which question is asked, by default and when told. */
import type { EndpointSpec, HealthcheckSpec, ProbeSpec } from '../model/stack-spec.ts';
import { toCommand } from './command.ts';
import type { StackDocument } from './document.ts';
import { clientAddress, listenAddress } from './endpoint.ts';
import { at } from './issues.ts';
import type { Path } from './problem.ts';
import { healthcheckFields, httpFields, type RawService } from './schema-service.ts';

type Raw = NonNullable<RawService['healthcheck']>;
type RawHttp = NonNullable<Raw['http']>;

const kinds = ['http', 'tcp', 'test', 'sql'] as const;

export interface Checked {
  readonly document: StackDocument;
  readonly service: RawService;
  readonly endpoint: EndpointSpec | null;
}

export function toHealthcheck(checked: Checked, path: Path): HealthcheckSpec | null {
  const { document, service } = checked;
  const raw = service.healthcheck;
  const byDefault = defaultProbe(checked);
  if (raw === undefined) {
    const times = timesOf(checked, path, healthcheckFields.parse({}));
    return byDefault === null ? null : { probe: byDefault, ...times };
  }
  const given = kinds.filter((kind) => raw[kind] !== undefined);
  const [kind, second] = given;
  const none = Array.isArray(raw.test) && raw.test[0] === 'NONE';
  if (second !== undefined) {
    document.complain([...path, second], {
      message: `there is \`${kind}\` already: one check each`,
    });
  }
  if (raw.nagios === true && raw.test === undefined) {
    document.complain([...path, 'nagios'], { message: 'needs `test`' });
  }
  if (raw.disable === true || none) return null;
  const probe = kind === undefined ? byDefault : toProbe(checked, path, kind, raw);
  if (probe === null) {
    const hint = 'say `http`, `tcp`, `test` or `sql`, or give the service an endpoint';
    if (kind === undefined) document.complain(path, { message: 'nothing to check', hint });
    return null;
  }
  return { probe, ...timesOf(checked, path, raw) };
}

function defaultProbe({ service, endpoint }: Checked): ProbeSpec | null {
  if (service.driver === 'postgres') return { kind: 'driver' };
  if (service.external?.status !== undefined) return { kind: 'driver' };
  if (endpoint !== null) {
    const elsewhere = service.driver === 'external' && service.external?.ports === undefined;
    return { kind: 'tcp', address: elsewhere ? clientAddress(endpoint) : null };
  }
  return service.external?.pid_file === undefined ? null : { kind: 'driver' };
}

type Times = Omit<HealthcheckSpec, 'probe'>;

/** Unless they are written: a primary that hangs is then noticed within 1.5 s. */
const withFailover = { interval: 500, timeout: 500, retries: 2 } as const;

function timesOf({ document, service }: Checked, path: Path, raw: Raw): Times {
  const value = (field: keyof typeof withFailover) => {
    const written = at(document.value, [...path, field]) !== undefined;
    const quick = service.failover !== undefined && service.driver !== 'external';
    return quick && !written ? withFailover[field] : raw[field];
  };
  return {
    intervalMs: value('interval'),
    timeoutMs: value('timeout'),
    retries: value('retries'),
    startPeriodMs: raw.start_period,
    startIntervalMs: raw.start_interval,
  };
}

function toProbe(
  checked: Checked,
  path: Path,
  kind: (typeof kinds)[number],
  raw: Raw,
): ProbeSpec | null {
  const { document, service } = checked;
  const here = [...path, kind];
  if (raw.http !== undefined && kind === 'http') return http(checked, here, raw.http);
  if (raw.tcp !== undefined && kind === 'tcp') return tcp(checked, here, raw.tcp);
  if (raw.test !== undefined && kind === 'test') {
    return exec(document, here, raw.test, raw.nagios === true);
  }
  if (service.driver !== 'postgres') {
    document.complain(here, { message: 'only a service with `driver: postgres` answers queries' });
  }
  return { kind: 'sql', query: raw.sql ?? '' };
}

/** Where an external service listens; null: an instance of ours, its port is known later. */
function externalAddress({ document, service, endpoint }: Checked, path: Path): string | null {
  if (service.driver !== 'external') return null;
  if (service.external?.ports !== undefined) return '127.0.0.1:${PORT}';
  if (endpoint !== null) return clientAddress(endpoint);
  const hint = 'write the whole address here, or give the service an `endpoint`';
  document.complain(path, { message: 'the port of an external service is not known', hint });
  return null;
}

function http(checked: Checked, path: Path, raw: RawHttp): ProbeSpec {
  const { document } = checked;
  const full = typeof raw === 'string' ? httpFields.parse({ path: raw }) : raw;
  const address = full.path.startsWith('/') ? externalAddress(checked, path) : null;
  const status = Array.isArray(full.status) ? full.status : [full.status];
  return {
    kind: 'http',
    url: address === null ? full.path : `http://${address}${full.path}`,
    method: full.method,
    headers: Object.fromEntries(Object.entries(full.headers).map(([k, v]) => [k, String(v)])),
    status: status.map((range) => statusRange(document, path, range)),
    body: full.body ?? null,
  };
}

function statusRange(
  document: StackDocument,
  path: Path,
  range: string | number,
): readonly [number, number] {
  const [low = 0, high = low] = String(range).split('-').map(Number);
  if (low > high) {
    document.complain([...path, 'status'], { message: `the range ${range} ends before it begins` });
  }
  return [low, high];
}

function tcp(checked: Checked, path: Path, raw: true | number | string): ProbeSpec {
  const { document } = checked;
  const address = raw === true ? externalAddress(checked, path) : String(raw);
  const checkable = address !== null && !address.includes('${');
  if (checkable && listenAddress(address) === null && !/^[\w.-]+:\d{1,5}$/.test(address)) {
    document.complain(path, {
      message: `expected true, a port, or host:port, found ${JSON.stringify(raw)}`,
      expected: 'true, a port, or host:port',
      found: JSON.stringify(raw),
    });
  }
  return { kind: 'tcp', address };
}

function exec(
  document: StackDocument,
  path: Path,
  raw: string | readonly string[],
  nagios: boolean,
): ProbeSpec | null {
  if (typeof raw === 'string')
    return { kind: 'exec', command: { argv: ['sh', '-c', raw] }, nagios };
  const [form, ...rest] = raw;
  if (form === 'CMD-SHELL' && rest.length === 1) {
    return { kind: 'exec', command: toCommand(document, path, rest[0] ?? '', true), nagios };
  }
  if (form === 'CMD' && rest.length > 0) return { kind: 'exec', command: { argv: rest }, nagios };
  document.complain(path, {
    message:
      form === 'CMD-SHELL'
        ? 'expected one text behind CMD-SHELL'
        : 'expected a list that begins with CMD, CMD-SHELL or NONE',
    hint: 'such as ["CMD", "pg_isready", "-q"]',
  });
  return null;
}
