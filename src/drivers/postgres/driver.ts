/**
 * PostgreSQL, one instance: makes its data directory, says how to run it, creates users and
 * database, asks it how it is. It never starts or stops a server: that is the supervisor's work.
 */
import { DarumaError } from '../../model/errors.ts';
import { numberOf } from '../../model/ids.ts';
import type { PostgresSpec, ServiceSpec } from '../../model/stack-spec.ts';
import type { DriverContext, Launch, ProcessDriver } from '../../ports/driver.ts';
import { endpointAttributes, inUrl } from '../address.ts';
import { replaceFile } from '../durable-file.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import {
  ensureCluster,
  markSetting,
  refuseForeignServer,
  setSuperuserPassword,
  systemIdOf,
} from './cluster.ts';
import { type Target, withConnection } from './connection.ts';
import { type Place, placeOf } from './place.ts';
import { applicationRole, generatedUsers, postgresSpec, rolesOf } from './roles.ts';
import { SecretFile, type Secrets } from './secrets.ts';
import { configText } from './settings.ts';
import { accepting, settleRoles } from './settle.ts';

export function postgresDriver(sharedDir: string): ProcessDriver {
  const secretFiles = new Map<string, SecretFile>();
  const secretsOf = (service: ServiceSpec, stateDir: string): SecretFile => {
    const key = `${stateDir}\n${service.name}`;
    const file = secretFiles.get(key) ?? new SecretFile(stateDir, service.name);
    secretFiles.set(key, file);
    return file;
  };
  const read = (service: ServiceSpec, stateDir: string): Promise<Secrets> =>
    secretsOf(service, stateDir).read(generatedUsers(postgresSpec(service)));
  const superuser = async (context: DriverContext, database: string): Promise<Target> => {
    const { superuser: password } = await read(context.service, context.stateDir);
    const user = postgresSpec(context.service).superuser;
    return { port: portOf(context), user, password, database };
  };
  return {
    kind: 'process',
    launch: (context) => launch(context, sharedDir, secretsOf(context.service, context.stateDir)),
    async settle(context) {
      const spec = postgresSpec(context.service);
      const target = await superuser(context, 'postgres');
      const roles = rolesOf(spec, await read(context.service, context.stateDir));
      await accepting(target, context.progress);
      await settleRoles(target, spec.database, roles);
    },
    async check(context, timeoutMs) {
      const { database } = postgresSpec(context.service);
      const target = await superuser(context, database);
      await withConnection(target, timeoutMs, (client) => client.query('select 1'));
    },
    async sql(context, query, timeoutMs) {
      const { database } = postgresSpec(context.service);
      const target = await superuser(context, database);
      await withConnection(target, timeoutMs, (client) => client.query(query));
    },
    async attributes(service, stateDir) {
      return attributes(service, await read(service, stateDir));
    },
  };
}

async function launch(
  context: DriverContext,
  sharedDir: string,
  secretFile: SecretFile,
): Promise<Launch> {
  const { service, instance, progress } = context;
  if (numberOf(instance) !== 1) {
    const text = `${service.name}: PostgreSQL with more than one replica is not supported yet`;
    throw new DarumaError('STACK_INVALID', text);
  }
  const spec = postgresSpec(service);
  const port = portOf(context);
  const place = await placeOf(context, sharedDir);
  const binaries = await findBinaries(spec.binDir, place.account, sharedDir);
  await refuseForeignServer(place);
  const { superuser, superuserSetIn } = await secretFile.read(generatedUsers(spec));
  const options = { place, binaries, spec, superuserPassword: superuser, progress };
  const isNew = await ensureCluster(options);
  const systemId = await systemIdOf(place.data);
  if (superuserSetIn !== systemId) {
    if (!isNew) await setSuperuserPassword(options);
    await secretFile.superuserSetIn(systemId);
  }
  await replaceFile(place.config, configText(place.data, instance, spec.settings), place.account);
  return {
    argv: serverArgv(place, binaries, port),
    environment: serverEnvironment(context.environment),
    workingDir: place.data,
    user: place.account?.name ?? null,
  };
}

function serverArgv(place: Place, binaries: Binaries, port: number): string[] {
  const set = (setting: string) => ['-c', setting];
  return [
    binaries.postgres,
    '-D',
    place.data,
    ...set(`config_file=${place.config}`),
    ...set('listen_addresses=127.0.0.1'),
    ...set(`port=${port}`),
    ...set(markSetting(place.mark)),
  ];
}

/** PostgreSQL's own variables (PGPORT, PGDATA, …) are meant for other servers than this one. */
function serverEnvironment(given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !/^PG[A-Z]+$/.test(name)));
}

function attributes(service: ServiceSpec, secrets: Secrets): Record<string, string> {
  const spec: PostgresSpec = postgresSpec(service);
  const { name: user, password } = applicationRole(spec, secrets);
  const address = endpointAttributes(service);
  const { host, port } = address;
  const common = { ...address, user, password, database: spec.database };
  if (host === undefined || port === undefined) return common;
  const [who, secret, database] = [user, password, spec.database].map(encodeURIComponent);
  return { ...common, url: `postgres://${who}:${secret}@${inUrl(host)}:${port}/${database}` };
}

function portOf({ service, port }: DriverContext): number {
  if (port !== null) return port;
  throw new DarumaError('START_FAILED', `${service.name} was given no port`);
}
