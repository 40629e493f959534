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
import { askUnblocked } from './blocked.ts';
import {
  type ClusterOptions,
  ensureCluster,
  markSetting,
  refuseForeignServer,
  setSuperuserPassword,
  systemIdOf,
} from './cluster.ts';
import { ask, type Target } from './connection.ts';
import type { Place } from './place.ts';
import { portOf } from './port.ts';
import { archiving } from './recovery/archiving.ts';
import { dataDriver } from './recovery/data-driver.ts';
import { launchInRole } from './replication/launch.ts';
import { replicationUser } from './replication/member.ts';
import { Members } from './replication/members.ts';
import { roleDriver } from './replication/role-driver.ts';
import { settlePrimary, writeIfPrimary } from './replication/settle-primary.ts';
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
    secretsOf(service, stateDir).read(passwordsOf(service));
  const superuser = async (context: DriverContext, database: string): Promise<Target> => {
    const { service } = context;
    const { superuser: password } = await read(service, context.stateDir);
    const user = postgresSpec(service).superuser;
    const unwaited = service.failover !== undefined;
    return { port: portOf(context), user, password, database, unwaited };
  };
  const members = new Members(sharedDir, read);
  return {
    kind: 'process',
    launch: (context) =>
      launch(context, sharedDir, secretsOf(context.service, context.stateDir), members),
    async settle(context) {
      const { service } = context;
      const spec = postgresSpec(service);
      const target = await superuser(context, 'postgres');
      const secrets = await read(service, context.stateDir);
      await accepting(target, context.progress);
      if (service.failover !== undefined && !(await settlePrimary(context, target, secrets)))
        return;
      await settleRoles(target, spec.database, rolesOf(spec, secrets));
    },
    async check(context, timeoutMs) {
      const { service } = context;
      const { database } = postgresSpec(service);
      const target = await superuser(context, database);
      await ask(target, timeoutMs, service.failover === undefined ? 'select 1' : writeIfPrimary);
    },
    async sql(context, query, timeoutMs) {
      const { database } = postgresSpec(context.service);
      await askUnblocked(await superuser(context, database), timeoutMs, query);
    },
    async attributes(service, stateDir) {
      return attributes(service, await read(service, stateDir));
    },
    roles: roleDriver(members),
    data: dataDriver(sharedDir, read),
  };
}

async function launch(
  context: DriverContext,
  sharedDir: string,
  secretFile: SecretFile,
  members: Members,
): Promise<Launch> {
  const { service, instance, progress } = context;
  if (service.failover === undefined && numberOf(instance) !== 1) {
    const text = `${service.name}: PostgreSQL with more than one replica needs \`failover\``;
    throw new DarumaError('STACK_INVALID', text);
  }
  const spec = postgresSpec(service);
  const port = portOf(context);
  const place = await members.findPlace(context);
  const binaries = await findBinaries(spec.binDir, place.account, sharedDir);
  await refuseForeignServer(place);
  const { superuser, superuserSetIn } = await secretFile.read(passwordsOf(service));
  const options = { place, binaries, spec, superuserPassword: superuser, progress };
  const ensure = () => ensureWithPassword(options, superuserSetIn, secretFile);
  if (service.failover === undefined) {
    await ensure();
    const fixed = await archiving(service, place);
    const text = configText(place.data, instance, spec.settings, { changeable: {}, fixed });
    await replaceFile(place.config, text, place.account);
  } else {
    const known = superuserSetIn;
    await launchInRole({ context, members, binaries, known, ensureCluster: ensure });
  }
  return {
    argv: serverArgv(place, binaries, port),
    environment: serverEnvironment(context.environment),
    workingDir: place.data,
    user: place.account?.name ?? null,
  };
}

async function ensureWithPassword(
  options: ClusterOptions,
  superuserSetIn: string | null,
  secretFile: SecretFile,
): Promise<void> {
  const isNew = await ensureCluster(options);
  const systemId = await systemIdOf(options.place.data);
  if (superuserSetIn === systemId) return;
  if (!isNew) await setSuperuserPassword(options);
  await secretFile.superuserSetIn(systemId);
}

/** Of each role that Daruma makes a password for. */
function passwordsOf(service: ServiceSpec): string[] {
  const users = generatedUsers(postgresSpec(service));
  return service.failover === undefined ? users : [...users, replicationUser];
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
