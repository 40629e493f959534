/** Recovery points: what a service's data is, where points go, and who can read them. */
import { resolve } from 'node:path';
import {
  damagedPage,
  type KeepSpec,
  type PointSourceSpec,
  type RecoveryPointsSpec,
  type RestoreDrillSpec,
} from '../model/recovery-point.ts';
import type { SymptomSpec } from '../model/stack-spec.ts';
import { expandTemplate } from '../model/template.ts';
import { toCommand } from './command.ts';
import type { StackDocument } from './document.ts';
import { checkEvents } from './point-events.ts';
import { checkEncryption, type PointsContext, toKeys, toPlaces } from './point-places.ts';
import type { Path } from './problem.ts';
import type { RawDrill, RawKeep, RawPoints, RawStatePoints } from './schema-points.ts';
import type { RawService } from './schema-service.ts';

type OfService = {
  readonly recoveryPoints?: RecoveryPointsSpec;
  readonly dataDir?: string;
};

export function toServicePoints(context: PointsContext, path: Path, raw: RawService): OfService {
  const dataDir = dataDirOf(context, path, raw);
  const own = dataDir === null ? {} : { dataDir };
  const { recovery_points: points, restore_drill: drill } = raw;
  if (points === undefined) {
    if (drill !== undefined) {
      const message = 'there is nothing to restore: needs `recovery_points`';
      context.document.complain([...path, 'restore_drill'], { message });
    }
    return own;
  }
  const source = toSource(context, path, raw, points, dataDir);
  if (source === null) return own;
  const spec = toPoints(context, [...path, 'recovery_points'], points, source);
  const tried =
    drill === undefined ? null : toDrill(context, [...path, 'restore_drill'], drill, spec);
  return { ...own, recoveryPoints: { ...spec, drill: tried } };
}

/** What PostgreSQL logs when it reads a damaged page; then the data is checked. */
export function damageSymptoms({ driver, recovery_points: points }: RawService): SymptomSpec[] {
  if (driver !== 'postgres' || points === undefined) return [];
  return [
    {
      ...{ kind: 'log', name: damagedPage, count: 1, withinMs: 60_000, quietMs: 60_000 },
      pattern: '(invalid page in block|page verification failed, calculated checksum)',
      faults: ['corruption'],
    },
  ];
}

export function toStatePoints(
  context: PointsContext,
  raw: RawStatePoints | undefined,
): { readonly recoveryPoints?: RecoveryPointsSpec } {
  if (raw === undefined) return {};
  return { recoveryPoints: toPoints(context, ['recovery_points'], raw, { kind: 'state' }) };
}

function dataDirOf(
  { document, directory }: PointsContext,
  path: Path,
  { data_dir: dataDir, driver }: RawService,
): string | null {
  if (dataDir === undefined) return null;
  if (driver === 'process') return resolve(directory, dataDir);
  document.complain([...path, 'data_dir'], {
    message: `does not go with \`driver: ${driver}\``,
    hint:
      driver === 'postgres'
        ? 'say `postgres: { data_dir: … }`'
        : 'say `recovery_points: { paths: […] }`',
  });
  return null;
}

const sourceFields = ['paths', 'sqlite', 'dump', 'load'] as const;
const needless = [...sourceFields, 'exclude'] as const;

function toSource(
  context: PointsContext,
  path: Path,
  { driver }: RawService,
  raw: RawPoints,
  dataDir: string | null,
): PointSourceSpec | null {
  const { document } = context;
  const here = [...path, 'recovery_points'];
  const given = sourceFields.filter((field) => raw[field] !== undefined);
  if (driver === 'postgres') {
    for (const field of needless.filter((one) => raw[one] !== undefined)) {
      document.complain([...here, field], {
        message: 'does not go with `driver: postgres`, whose data is known',
      });
    }
    return { kind: 'postgres', archiveTimeoutMs: raw.archive_timeout ?? 60_000 };
  }
  if (raw.archive_timeout !== undefined) {
    document.complain([...here, 'archive_timeout'], { message: 'needs `driver: postgres`' });
  }
  const [kind, second] = given.filter((field) => field !== 'load');
  if (second !== undefined) {
    const message = `there is \`${kind}\` already: the data of a service is of one kind`;
    document.complain([...here, second], { message });
  }
  if (raw.exclude !== undefined && (kind === 'sqlite' || kind === 'dump')) {
    document.complain([...here, 'exclude'], { message: `does not go with \`${kind}\`` });
  }
  const exclude = raw.exclude === undefined ? {} : { exclude: raw.exclude };
  if (kind === 'dump' || raw.load !== undefined) return commandSource(context, here, raw);
  if (raw.paths !== undefined) {
    const paths = absolute(context, [...here, 'paths'], raw.paths, dataDir);
    return { kind: 'directory', paths, ...exclude };
  }
  if (raw.sqlite !== undefined) {
    return { kind: 'sqlite', files: absolute(context, [...here, 'sqlite'], raw.sqlite, dataDir) };
  }
  if (dataDir !== null) return { kind: 'directory', paths: [dataDir], ...exclude };
  const hint = 'say `data_dir` in the service, or `paths`, `sqlite`, or `dump` and `load` here';
  document.complain(here, { message: 'what the data is isn’t said', hint });
  return null;
}

function commandSource(
  { document }: PointsContext,
  here: Path,
  { dump, load, shell, timeout: timeoutMs }: RawPoints,
): PointSourceSpec | null {
  if (dump === undefined || load === undefined) {
    const [missing, there] = dump === undefined ? ['dump', 'load'] : ['load', 'dump'];
    document.complain([...here, there ?? ''], { message: `needs \`${missing}\`` });
    return null;
  }
  return {
    kind: 'command',
    dump: toCommand(document, [...here, 'dump'], dump, shell),
    load: toCommand(document, [...here, 'load'], load, shell),
    timeoutMs,
  };
}

function absolute(
  { document, directory }: PointsContext,
  path: Path,
  written: readonly string[],
  dataDir: string | null,
): readonly string[] {
  if (written.length === 0) {
    document.complain(path, { message: 'expected at least one, found an empty list' });
  }
  const all = written.map((one, index) => {
    const expanded = expandTemplate(one, (name) =>
      name === 'DATA_DIR' ? (dataDir ?? undefined) : undefined,
    );
    if (expanded.includes('${')) {
      const message = 'only `${DATA_DIR}` can be used here: all instances share what is named';
      document.complain([...path, index], { message });
    }
    return resolve(directory, expanded);
  });
  all.forEach((one, index) => {
    const around = all.find(
      (other, at) => at !== index && (one === other ? at < index : one.startsWith(`${other}/`)),
    );
    if (around === undefined) return;
    const message = around === one ? 'is given twice' : `lies in ${around}, which is given too`;
    document.complain([...path, index], { message });
  });
  return all;
}

function toPoints(
  context: PointsContext,
  here: Path,
  raw: RawPoints | RawStatePoints,
  source: PointSourceSpec,
): RecoveryPointsSpec {
  const to = toPlaces(context, [...here, 'to'], raw.to);
  const encryptTo = toKeys(context, [...here, 'encrypt_to'], raw.encrypt_to);
  checkEncryption(context.document, here, to, encryptTo);
  checkEvents(context.document, [...here, 'on'], raw.on);
  return {
    source,
    schedule: raw.every === undefined ? null : toSchedule(raw.every),
    on: raw.on,
    keep: toKeep(context.document, [...here, 'keep'], raw.keep),
    to,
    spread: raw.spread,
    encryptTo,
    bytesPerSecondMax: raw.rate ?? null,
    lateAfterMs: raw.late_after ?? null,
    ...(raw.shutdown_timeout === undefined ? {} : { shutdownLimitMs: raw.shutdown_timeout }),
    drill: null,
  };
}

function toSchedule(every: string | number): NonNullable<RecoveryPointsSpec['schedule']> {
  if (typeof every === 'number') return { kind: 'every', ms: every };
  return { kind: 'cron', pattern: every };
}

const byDefault = { last: 3, hourly: 24, daily: 7, weekly: 4, monthly: 12 };
const none = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0 };

function toKeep(document: StackDocument, path: Path, raw: RawKeep | undefined): KeepSpec {
  if (raw === undefined) return { ...byDefault, withinMs: 0, minAgeMs: 3_600_000 };
  const { within: withinMs, min_age: minAgeMs, ...counts } = raw;
  const said = Object.entries(counts).filter(([, count]) => count !== undefined);
  const wanted =
    said.length === 0 && withinMs === 0 ? byDefault : { ...none, ...Object.fromEntries(said) };
  if (Object.values(wanted).every((count) => count === 0) && withinMs === 0) {
    document.complain(path, { message: 'by these rules nothing is kept', hint: 'say `last: 1`' });
  }
  return { ...wanted, withinMs, minAgeMs };
}

function toDrill(
  { document, directory }: PointsContext,
  path: Path,
  raw: RawDrill,
  { source, encryptTo }: RecoveryPointsSpec,
): RestoreDrillSpec {
  const identity = raw.identity === undefined ? null : resolve(directory, raw.identity);
  if (raw.every !== undefined && identity === null && encryptTo.length > 0) {
    document.complain(path, {
      message: 'missing: expected `identity`, as points are encrypted',
      hint: 'the file with a private key, or leave `every` out and drill by `daruma restore-drill`',
    });
  }
  return {
    schedule: raw.every === undefined ? null : toSchedule(raw.every),
    verify: raw.verify.flatMap((one, index) =>
      toVerify(document, [...path, 'verify', index], one, source),
    ),
    identity,
  };
}

type Verify = RestoreDrillSpec['verify'];

function toVerify(
  document: StackDocument,
  here: Path,
  raw: RawDrill['verify'][number],
  source: PointSourceSpec,
): Verify {
  if ((raw.sql === undefined) === (raw.command === undefined)) {
    document.complain(here, { message: 'expected either `sql` or `command`' });
    return [];
  }
  if (raw.sql !== undefined) {
    if (source.kind !== 'postgres' && source.kind !== 'sqlite') {
      document.complain([...here, 'sql'], {
        message: 'only PostgreSQL and SQLite answer queries',
      });
    }
    return [{ kind: 'sql', query: raw.sql }];
  }
  const command = toCommand(document, [...here, 'command'], raw.command ?? '', raw.shell);
  return [{ kind: 'command', command, timeoutMs: raw.timeout }];
}
