/**
 * `pg-recovery`: a database is copied while clients use it, a table is dropped, and the database is
 * brought back to the moment before.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Benchmark, Run } from './benchmark.ts';
import { CopyStage } from './copies/stage.ts';
import type { DatabaseContender, DatabaseTool } from './databases/contender.ts';
import { daruma } from './databases/daruma.ts';
import { BenchDatabase } from './databases/database.ts';
import { freePort } from './free-port.ts';
import { pgbackrest } from './peers/pgbackrest.ts';

/** 471 MB with what PostgreSQL itself needs. */
const scale = 30;
const loadSeconds = 10;
const loadClients = 4;
const facts = 2_000;
/** Between the last fact, the moment gone back to, and the mistake: clocks tell milliseconds. */
const apartMs = 5;

export const pgRecovery: Benchmark = {
  name: 'pg-recovery',
  about: `
A database of 471 MB (\`pgbench\`, scale ${scale}) of Debian's PostgreSQL. All write to a directory,
encrypted and compressed with zstd, and keep the log all the time.

- \`full_ms\`: a base copy, from the command's start to its end, with the files in the page cache.
- \`slowdown_percent\`: by how much fewer transactions ${loadClients} clients of \`pgbench\` make while one base copy
  after the other is taken, than right before.
- \`pitr_ms\`: ${facts} facts are written and the table is dropped; from the command to go back to the
  moment before, until a write succeeds again.
- \`rows_lost\`: facts that were acknowledged and are not there then.

Daruma prepares beside the running database and stops it only to put the result in its place;
\`pgbackrest\` (all processors, \`start-fast\`) restores into the stopped one's place.
`,
  peers: ['pgbackrest'],
  databases: { daruma, pgbackrest },
  settings: { rounds: 5, seconds: 0 },
  goals: [
    againstPeer('full_ms'),
    againstPeer('pitr_ms'),
    worst('rows_lost', 0),
    {
      text: '`slowdown_percent` at most 10',
      reached: ({ figures }) => (figures['daruma']?.['slowdown_percent']?.median ?? 100) <= 10,
    },
  ],
  run: async (run) => {
    const scenes: Scene[] = [];
    try {
      for (const contender of run.databases) {
        const scene = new Scene(run, contender);
        scenes.push(scene);
        await run.attempt(contender.name, 'fill', () => scene.fill());
      }
      for (let round = 0; round < run.settings.rounds; round += 1) {
        for (let turn = 0; turn < scenes.length; turn += 1) {
          const scene = scenes[(round + turn) % scenes.length];
          if (scene === undefined) continue;
          await run.attempt(scene.name, `round ${round + 1}`, () => scene.measure());
        }
      }
    } finally {
      for (const scene of scenes) await scene.close();
    }
  },
};

function againstPeer(figure: string): Benchmark['goals'][number] {
  return {
    text: `\`${figure}\` at most pgBackRest's`,
    reached: ({ ratios }) => (ratios['daruma/pgbackrest']?.[figure] ?? Infinity) <= 1,
  };
}

function worst(figure: string, most: number): Benchmark['goals'][number] {
  return {
    text: `\`${figure}\` ${most} in every run`,
    reached: ({ figures }) => (figures['daruma']?.[figure]?.max ?? Infinity) <= most,
  };
}

/** One contender's database, from its making until nothing of it is left. */
class Scene {
  readonly name: string;
  readonly #run: Run;
  readonly #contender: DatabaseContender;
  readonly #stage = new CopyStage();
  #made: { readonly tool: DatabaseTool; readonly database: BenchDatabase } | null = null;

  constructor(run: Run, contender: DatabaseContender) {
    this.name = contender.name;
    this.#run = run;
    this.#contender = contender;
  }

  async fill(): Promise<void> {
    const { directory, mark } = this.#stage;
    // PostgreSQL runs as another user when we are root.
    chmodSync(directory, 0o755);
    const tool = await this.#contender.open(directory);
    const database = await BenchDatabase.make(directory, await freePort(), tool, mark);
    await database.start();
    await database.settle();
    await tool.begin(database);
    await database.pgbench('-i', '-I', 'dtGvp', '-q', '-s', String(scale));
    this.#made = { tool, database };
  }

  async measure(): Promise<void> {
    if (this.#made === null) throw new Error('there is no database');
    const { tool, database } = this.#made;
    const along = tool.along(database);
    const running = along === null ? null : this.#stage.begin(along);
    try {
      // What others wrote before is not to be written on its time.
      execFileSync('sync');
      const { ms } = await this.#stage.run(tool.save(database));
      this.#run.tally.add(this.name, 'full_ms', ms);
      await this.#slowDown(tool, database);
      await this.#recover(tool, database);
    } finally {
      await running?.end();
    }
  }

  async close(): Promise<void> {
    await this.#made?.database.stop().catch(() => undefined);
    await this.#stage.close();
  }

  async #slowDown(tool: DatabaseTool, database: BenchDatabase): Promise<void> {
    const before = await load(database);
    let done = false;
    const during = load(database).finally(() => {
      done = true;
    });
    while (!done) await this.#stage.run(tool.save(database));
    const percent = 100 * (1 - (await during) / before);
    this.#run.tally.add(this.name, 'slowdown_percent', percent);
  }

  async #recover(tool: DatabaseTool, database: BenchDatabase): Promise<void> {
    const client = await database.connect();
    await client.query('drop table if exists facts, mistakes');
    await client.query('create table facts (n int primary key)');
    for (let n = 0; n < facts; n += 1) await client.query('insert into facts values ($1)', [n]);
    await pause(apartMs);
    const at = Date.now();
    await pause(apartMs);
    await client.query('create table mistakes ()');
    await client.query('drop table facts');
    await client.end();
    const begun = performance.now();
    await tool.recover(database, at, async (command) => {
      await this.#stage.run(command);
    });
    const again = await writable(database);
    this.#run.tally.add(this.name, 'pitr_ms', performance.now() - begun);
    const { rows } = await again.query(
      `select count(*)::int as found, to_regclass('mistakes') is not null as "hasMore" from facts`,
    );
    await again.end();
    tool.confirm(database);
    if (rows[0].hasMore !== false) throw new Error('what came after the moment is there too');
    this.#run.tally.add(this.name, 'rows_lost', facts - rows[0].found);
  }
}

/** Transactions per second. */
async function load(database: BenchDatabase): Promise<number> {
  const args = ['-n', '-c', String(loadClients), '-T', String(loadSeconds)];
  const said = await database.pgbench(...args);
  const tps = /^tps = ([\d.]+)/m.exec(said)?.[1];
  if (tps === undefined) throw new Error(`pgbench says no rate: ${said}`);
  return Number(tps);
}

/** Connected, and written through. A server that recovers may let readers in first. */
async function writable(database: BenchDatabase): Promise<Client> {
  for (;;) {
    const client = await database.connect();
    const written = await client.query('create table if not exists written ()').then(
      () => true,
      () => false,
    );
    if (written) return client;
    await client.end();
    await pause(apartMs);
  }
}
