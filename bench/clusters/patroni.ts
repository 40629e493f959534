/**
 * Patroni: two nodes, etcd, and HAProxy that asks Patroni who is primary. `ttl: 20`,
 * `loop_wait: 5`, synchronous mode.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { freePort } from '../free-port.ts';
import { haproxyPackage } from '../peers/haproxy.ts';
import { patroniPackage } from '../peers/patroni.ts';
import { debianPostgres } from '../peers/postgres.ts';
import { until } from '../wait.ts';
import { ownDirectory, postgresAccount } from './account.ts';
import type { Cluster, ClusterContender, ClusterJob } from './cluster.ts';
import { inBackground, treeOf } from './processes.ts';

const password = 'benchmark';
const limitMs = 60_000;

interface Node {
  readonly name: string;
  readonly restPort: number;
  readonly port: number;
  agent: number;
  /** Starts its agent, which starts PostgreSQL. */
  readonly run: () => number;
}

interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
}

export async function patroni(): Promise<ClusterContender> {
  const found = await patroniPackage();
  const proxy = await haproxyPackage();
  const binDir = debianPostgres();
  return {
    name: 'patroni',
    version: found.version,
    start: (job) => start(job, { ...found, proxy: proxy.argv, binDir }),
  };
}

interface Programs {
  readonly argv: readonly string[];
  readonly etcd: string;
  readonly proxy: readonly string[];
  readonly binDir: string;
}

async function start(job: ClusterJob, programs: Programs): Promise<Cluster> {
  const account = postgresAccount();
  const options = { directory: job.directory, environment: job.environment, account };
  const [client, peer] = [await freePort(), await freePort()];
  const etcdDir = ownDirectory(`${job.directory}/etcd`, account);
  inBackground('etcd', etcdArgv(programs.etcd, etcdDir, client, peer), options);
  await until('etcd', limitMs, () => answers(`http://127.0.0.1:${client}/health`));
  const nodes: Node[] = [];
  for (const name of ['node1', 'node2']) {
    const [restPort, port] = [await freePort(), await freePort()];
    const data = ownDirectory(`${job.directory}/${name}`, account);
    const file = `${job.directory}/${name}.json`;
    const config = configOf({ name, restPort, port, data, etcd: client, binDir: programs.binDir });
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(config), { mode: 0o644 });
    const run = () => inBackground(name, [...programs.argv, file], options);
    nodes.push({ name, restPort, port, run, agent: run() });
    // The first is to be primary.
    await until(name, limitMs * 3, () => answers(`http://127.0.0.1:${restPort}/health`));
  }
  const config = `${job.directory}/haproxy.cfg`;
  writeFileSync(config, proxyConfig(job.port, nodes), { mode: 0o644 });
  inBackground('haproxy', [...programs.proxy, '-db', '-f', config], options);
  return cluster(job, nodes);
}

function cluster(job: ClusterJob, nodes: readonly Node[]): Cluster {
  const target = { host: '127.0.0.1', port: job.port, user: 'postgres', password };
  const leader = async () => {
    for (const node of nodes) {
      if (await answers(`http://127.0.0.1:${node.restPort}/primary`)) return node;
    }
    throw new Error('there is no primary');
  };
  // It outlives the agent that started it.
  const postmaster = async () => postmasterOf(`${job.directory}/${(await leader()).name}`);
  return {
    target: { ...target, database: 'postgres' },
    primary: postmaster,
    node: async () => [...treeOf((await leader()).agent), ...treeOf(await postmaster())],
    isWhole: async () => {
      const { restPort } = await leader();
      const response = await fetch(`http://127.0.0.1:${restPort}/cluster`);
      const { members } = (await response.json()) as { members: readonly Member[] };
      return members.some(({ role, state }) => role === 'sync_standby' && state === 'running');
    },
    repair: async () => {
      for (const node of nodes) {
        if (!existsSync(`/proc/${node.agent}`)) node.agent = node.run();
      }
    },
    switchover: async () => {
      const { name, restPort } = await leader();
      const response = await fetch(`http://127.0.0.1:${restPort}/switchover`, {
        method: 'POST',
        body: JSON.stringify({ leader: name }),
      });
      if (!response.ok) throw new Error(`switchover: ${await response.text()}`);
    },
    stop: () => Promise.resolve(),
  };
}

function postmasterOf(data: string): number {
  return Number(readFileSync(`${data}/data/postmaster.pid`, 'utf8').split('\n')[0]);
}

async function answers(url: string): Promise<true | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.ok || null;
  } catch {
    return null;
  }
}

function etcdArgv(program: string, directory: string, client: number, peer: number): string[] {
  const [here, there] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  const own = ['--listen-client-urls', here, '--advertise-client-urls', here];
  const others = ['--listen-peer-urls', there, '--initial-advertise-peer-urls', there];
  const first = ['--initial-cluster', `default=${there}`, '--enable-v2=true'];
  return [program, '--data-dir', directory, ...own, ...others, ...first];
}

interface NodeConfig {
  readonly name: string;
  readonly restPort: number;
  readonly port: number;
  readonly data: string;
  readonly etcd: number;
  readonly binDir: string;
}

function configOf({ name, restPort, port, data, etcd, binDir }: NodeConfig): object {
  const rest = `127.0.0.1:${restPort}`;
  const address = `127.0.0.1:${port}`;
  const user = (username: string) => ({ username, password });
  return {
    scope: 'bench',
    name,
    restapi: { listen: rest, connect_address: rest },
    etcd: { host: `127.0.0.1:${etcd}` },
    bootstrap: {
      dcs: {
        ttl: 20,
        loop_wait: 5,
        retry_timeout: 5,
        maximum_lag_on_failover: 1_048_576,
        synchronous_mode: true,
        postgresql: { use_pg_rewind: true, use_slots: true, parameters: { wal_log_hints: 'on' } },
      },
      initdb: [{ encoding: 'UTF8' }, 'data-checksums'],
    },
    postgresql: {
      listen: address,
      connect_address: address,
      data_dir: `${data}/data`,
      bin_dir: binDir,
      pgpass: `${data}/pgpass`,
      authentication: {
        superuser: user('postgres'),
        replication: user('replicator'),
        rewind: user('rewinder'),
      },
      parameters: { unix_socket_directories: data },
      pg_hba: [
        'local all all trust',
        'host all all 127.0.0.1/32 md5',
        'host replication replicator 127.0.0.1/32 md5',
      ],
    },
  };
}

function proxyConfig(port: number, nodes: readonly Node[]): string {
  return [
    'global',
    '  maxconn 2000',
    'defaults',
    '  mode tcp',
    '  retries 2',
    '  timeout connect 4s',
    '  timeout client 30m',
    '  timeout server 30m',
    '  timeout check 2s',
    'listen primary',
    `  bind 127.0.0.1:${port}`,
    '  option httpchk GET /primary',
    '  http-check expect status 200',
    '  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions',
    ...nodes.map(
      (node) => `  server ${node.name} 127.0.0.1:${node.port} check port ${node.restPort}`,
    ),
    '',
  ].join('\n');
}
