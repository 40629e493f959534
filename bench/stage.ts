/**
 * One contender at work on one script, in a directory of its own: started, asked, ended. Whatever
 * becomes of it, `closeStages` leaves no process and no file.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Load, untilAnswered } from './client.ts';
import type { Contender, Job, Supervision } from './contenders/contender.ts';
import { Fifo, type Line } from './fifo.ts';
import { freePort } from './free-port.ts';
import { endMarked, marked, markName } from './marked.ts';

/** Longer than anyone takes that recovers at all. */
const patienceMs = 60_000;
/** On a busy machine too. */
const startLimitMs = 180_000;
const server = fileURLToPath(new URL('./service/server.js', import.meta.url));

export interface Scene {
  readonly check: boolean;
  /** How many programs; default: one. */
  readonly count?: number;
  readonly watchedPort?: number;
  readonly replicas?: number;
  readonly protocol?: 'http';
  readonly manyFaults?: boolean;
  /** The script's text, after its first act; default: it becomes the server. */
  readonly body?: (fifo: string) => string;
}

const open = new Set<Stage>();
let closing = false;

export class Stage {
  readonly contender: Contender;
  readonly port: number;
  readonly fifo: Fifo;
  /** Removed in the end. */
  readonly directory: string;
  readonly #mark: string;
  #supervision: Supervision | null = null;

  private constructor(contender: Contender, directory: string, port: number) {
    this.contender = contender;
    this.port = port;
    this.directory = directory;
    this.#mark = directory.replaceAll('/', '.');
    this.fifo = new Fifo(`${directory}/fifo`);
    open.add(this);
  }

  /** Resolves when the service was started. */
  static async open(contender: Contender, scene: Scene): Promise<Stage> {
    const port = await freePort();
    if (closing) throw new Error('the benchmark is ending');
    const directory = mkdtempSync(`${tmpdir()}/daruma-bench-`);
    const stage = new Stage(contender, directory, port);
    try {
      stage.replaceScript(scene.body ?? becomeServer);
      stage.#supervision = await contender.start(stage.#job(scene));
      await stage.fifo.next('boot', 0, startLimitMs);
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** Opens one for the time of `use`. */
  static async during<T>(
    contender: Contender,
    scene: Scene,
    use: (stage: Stage) => Promise<T>,
  ): Promise<T> {
    const stage = await Stage.open(contender, scene);
    try {
      return await use(stage);
    } finally {
      await stage.close();
    }
  }

  /** Resolves with the latest start of the service, once a client was answered. */
  async answering(): Promise<Line> {
    await untilAnswered(this.port, 0, patienceMs);
    const boot = this.fifo.lines.findLast(({ word }) => word === 'boot');
    if (boot === undefined) throw new Error('the service answers without having started');
    return boot;
  }

  load(everyMs: number, timeoutMs: number): Load {
    return new Load(this.port, everyMs, timeoutMs);
  }

  /** Replaces the script at once, as an editor or a deployment would. */
  replaceScript(body: (fifo: string) => string): void {
    const file = this.#script;
    const { path } = this.fifo;
    writeFileSync(`${file}.new`, `#!/bin/sh\necho "boot $$" >'${path}'\n${body(path)}`);
    renameSync(`${file}.new`, file);
  }

  get supervision(): Supervision {
    if (this.#supervision === null) throw new Error('nothing was started');
    return this.#supervision;
  }

  /** Ends all processes and removes the directory. */
  async close(): Promise<void> {
    try {
      await this.#supervision?.stop();
    } finally {
      await endMarked(this.#mark);
      this.fifo.close();
      rmSync(this.directory, { recursive: true, force: true });
      open.delete(this);
    }
  }

  get #script(): string {
    return `${this.directory}/service.sh`;
  }

  /** All processes of the contender and of what it supervises. */
  processes(): number[] {
    return marked(this.#mark);
  }

  #job({ check, count = 1, watchedPort, replicas = 1, manyFaults = false, protocol }: Scene): Job {
    const environment = { ...ownEnvironment(), [markName]: this.#mark };
    const { port } = this;
    return {
      directory: this.directory,
      script: this.#script,
      ...{ port, environment, check, replicas, manyFaults },
      ...(protocol === undefined ? {} : { protocol }),
      names: Array.from({ length: count }, (_, index) => `job${index === 0 ? '' : index + 1}`),
      watchedPort: watchedPort ?? null,
    };
  }
}

/** Whatever is still open; nothing can be opened afterwards. */
export async function closeStages(): Promise<void> {
  closing = true;
  await Promise.allSettled([...open].map((stage) => stage.close()));
}

/** What a test runner or a shell may have set for us is not for those we start. */
function ownEnvironment(): Record<string, string> {
  const foreign = /^(NODE_|DARUMA_)/;
  const entries = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || foreign.test(name) ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}

function becomeServer(fifo: string): string {
  return `exec '${process.execPath}' '${server}' "$1" '${fifo}'\n`;
}
