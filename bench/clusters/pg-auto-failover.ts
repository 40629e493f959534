/**
 * pg_auto_failover: a monitor, two nodes, and HAProxy that asks the monitor who is primary, as it
 * has no proxy of its own. Its defaults, which are synchronous while the standby is well.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { freePort } from '../free-port.ts';
import { haproxyPackage } from '../peers/haproxy.ts';
import { type PgAutoFailover, pgAutoFailoverPackage } from '../peers/pg-auto-failover.ts';
import { until } from '../wait.ts';
import { ownDirectory, postgresAccount } from './account.ts';
import type { Cluster, ClusterContender, ClusterJob } from './cluster.ts';
import { inBackground, treeOf } from './processes.ts';

const run = promisify(execFile);
const limitMs = 60_000;

interface Node {
  readonly name: string;
  readonly port: number;
  readonly data: string;
  agent: number;
  readonly run: () => number;
}

export async function pgAutoFailover(): Promise<ClusterContender> {
  const found = await pgAutoFailoverPackage();
  const { argv: proxy } = await haproxyPackage();
  const { version } = found;
  return { name: 'pg_auto_failover', version, start: (job) => start(job, found, proxy) };
}

async function start(
  job: ClusterJob,
  { program, binDir }: PgAutoFailover,
  proxy: readonly string[],
): Promise<Cluster> {
  const account = postgresAccount();
  const home = ownDirectory(`${job.directory}/home`, account);
  const environment = {
    ...job.environment,
    PATH: `${binDir}:${job.environment['PATH']}`,
    HOME: home,
    ...{ XDG_RUNTIME_DIR: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home },
  };
  const options = { directory: job.directory, environment, account };
  const make = async (name: string, kind: readonly string[]): Promise<Node> => {
    const port = await freePort();
    const data = `${home}/${name}`;
    const own = ['--pgdata', data, '--pgport', String(port), '--pgctl', `${binDir}/pg_ctl`];
    const here = ['--hostname', '127.0.0.1', '--auth', 'trust', '--no-ssl'];
    const made = ['create', ...kind, ...own, ...here];
    await run(program, made, { cwd: home, env: environment, ...(account ?? {}) });
    const begin = () => inBackground(name, [program, 'run', '--pgdata', data], options);
    return { name, port, data, run: begin, agent: begin() };
  };
  const monitor = await make('monitor', ['monitor']);
  const address = `postgres://autoctl_node@127.0.0.1:${monitor.port}/pg_auto_failover`;
  await until('the monitor', limitMs, async () => (await states(address)) !== null);
  const nodes: Node[] = [];
  for (const name of ['n1', 'n2']) {
    nodes.push(await make(name, ['postgres', '--name', name, '--monitor', address]));
    // The first is to be primary.
    await until(
      name,
      limitMs,
      async () => (await states(address))?.length === nodes.length || null,
    );
  }
  const files = proxyFiles(job, { nodes, address, binDir });
  inBackground('haproxy', [...proxy, '-db', '-f', files], options);
  return cluster(job, address, nodes);
}

function cluster(job: ClusterJob, monitor: string, nodes: readonly Node[]): Cluster {
  const target = { host: '127.0.0.1', port: job.port, user: 'postgres', password: '' };
  const leader = async () => {
    const port = await primaryPort(monitor);
    const found = nodes.find((node) => node.port === port);
    if (found === undefined) throw new Error('there is no primary');
    return found;
  };
  return {
    target: { ...target, database: 'postgres' },
    primary: async () => postmasterOf(await leader()),
    node: async () => {
      const node = await leader();
      return [...new Set([...treeOf(node.agent), ...treeOf(postmasterOf(node))])];
    },
    isWhole: async () => {
      const all = await states(monitor);
      const is = (state: string) => all?.some((one) => one === `${state} ${state}`);
      return is('primary') === true && is('secondary') === true;
    },
    repair: async () => {
      for (const node of nodes) {
        if (!existsSync(`/proc/${node.agent}`)) node.agent = node.run();
      }
    },
    switchover: async () => {
      await ask(monitor, 'select pgautofailover.perform_failover()');
    },
    stop: () => Promise.resolve(),
  };
}

/** What each node says it is, and is to be; null: the monitor does not answer. */
async function states(monitor: string): Promise<string[] | null> {
  try {
    const rows = await ask(
      monitor,
      "select reportedstate || ' ' || goalstate as state from pgautofailover.node",
    );
    return rows.map((row) => String(row['state']));
  } catch {
    return null;
  }
}

async function primaryPort(monitor: string): Promise<number> {
  const [row] = await ask(monitor, 'select primary_port as port from pgautofailover.get_primary()');
  return Number(row?.['port']);
}

async function ask(url: string, query: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url, ssl: false, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(query)).rows;
  } finally {
    await client.end();
  }
}

function postmasterOf({ data }: Node): number {
  return Number(readFileSync(`${data}/postmaster.pid`, 'utf8').split('\n')[0]);
}

interface Proxied {
  readonly nodes: readonly Node[];
  readonly address: string;
  readonly binDir: string;
}

/** Returns the configuration. */
function proxyFiles(job: ClusterJob, { nodes, address, binDir }: Proxied): string {
  const directory = `${job.directory}/proxy`;
  mkdirSync(directory, { mode: 0o755 });
  const query = 'select primary_port from pgautofailover.get_primary()';
  const check = `#!/bin/sh\ntest "$('${binDir}/psql' '${address}' -XAtc '${query}')" = "$4"\n`;
  writeFileSync(`${directory}/check`, check, { mode: 0o755 });
  const config = [
    'global',
    '  maxconn 2000',
    '  external-check',
    '  insecure-fork-wanted',
    'defaults',
    '  mode tcp',
    '  retries 2',
    '  timeout connect 4s',
    '  timeout client 30m',
    '  timeout server 30m',
    '  timeout check 2s',
    'listen primary',
    `  bind 127.0.0.1:${job.port}`,
    '  option external-check',
    '  external-check path /usr/bin:/bin',
    `  external-check command ${directory}/check`,
    '  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions',
    ...nodes.map(({ name, port }) => `  server ${name} 127.0.0.1:${port} check`),
    '',
  ].join('\n');
  writeFileSync(`${directory}/haproxy.cfg`, config, { mode: 0o644 });
  return `${directory}/haproxy.cfg`;
}
