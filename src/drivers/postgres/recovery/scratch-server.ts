/**
 * A server on restored data, beside the real one, that ends with the process that started it. Its
 * settings are the service's own, but for what it must not share with the real server.
 */
import { chown, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { DarumaError } from '../../../model/errors.ts';
import { freePort } from '../../../ports/free-port.ts';
import { startTied, type TiedCommand } from '../../../ports/tied-command.ts';
import type { Account } from '../../run-command.ts';
import type { Binaries } from '../binaries.ts';
import { configText } from '../settings.ts';

/** What may lie beside the data while such a server runs, or was killed. */
export const scratchFiles = ['.scratch.conf', '.scratch.pid'];

const keptLines = 200;

export interface ScratchOptions {
  readonly binaries: Binaries;
  readonly account: Account | null;
  readonly data: string;
  /** Of the stack file. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whatever any file says. */
  readonly fixed: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** What a server beside the real one must have otherwise than it. */
const apart: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // The real one has its memory already.
  shared_buffers: '128MB',
  archive_command: '',
  restore_command: '',
  synchronous_standby_names: '',
  primary_conninfo: '',
  primary_slot_name: '',
  ssl: 'off',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_min_messages: 'warning',
  log_line_prefix: '',
  lc_messages: 'C',
  TimeZone: 'UTC',
  restart_after_crash: 'off',
};

export class ScratchServer {
  readonly port: number;
  readonly #command: TiedCommand;
  readonly #lines: string[] = [];
  readonly #ready = Promise.withResolvers<void>();
  /** Its exit code. */
  readonly exited: Promise<number | null>;

  private constructor(command: TiedCommand, port: number, onLine: (line: string) => void) {
    this.#command = command;
    this.port = port;
    const { child } = command;
    const ended = Promise.withResolvers<number | null>();
    child.once('error', () => ended.resolve(null));
    child.once('exit', (code) => {
      // What ties it to us waits for nobody any more.
      command.end();
      ended.resolve(code);
    });
    child.stdout.resume();
    if (child.stderr === null) throw new DarumaError('INTERNAL', 'a server without a log');
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => this.#hear(line, onLine));
    const silent = new Promise<void>((resolve) => lines.once('close', resolve));
    this.exited = ended.promise.then(async (code) => {
      await silent;
      return code;
    });
  }

  static async start(options: ScratchOptions): Promise<ScratchServer> {
    const { binaries, account, data, settings, fixed, signal, onLine } = options;
    signal.throwIfAborted();
    const config = `${data}.scratch.conf`;
    await writeFor(account, config, configText(data, 'daruma-scratch', settings));
    const port = await freePort();
    const own = { port: String(port), external_pid_file: `${data}.scratch.pid` };
    const all = { ...apart, ...fixed, ...own };
    const set = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const argv = [binaries.postgres, '-D', data, '-c', `config_file=${config}`, ...set];
    const command = startTied({
      argv,
      asUser: account === null ? [] : asAccount(account),
      workingDir: '/',
      environment: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      stderr: 'pipe',
    });
    const server = new ScratchServer(command, port, onLine);
    const stop = () => command.end();
    signal.addEventListener('abort', stop, { once: true });
    void server.exited.then(() => signal.removeEventListener('abort', stop));
    return server;
  }

  #hear(line: string, onLine: (line: string) => void): void {
    this.#lines.push(line);
    if (this.#lines.length > keptLines) this.#lines.shift();
    onLine(line);
    if (/^LOG: {2}database system is ready to accept connections/.test(line)) this.#ready.resolve();
  }

  /** Resolves with true when it takes connections, with false when it has ended. */
  ready(): Promise<boolean> {
    return Promise.race([this.#ready.promise.then(() => true), this.exited.then(() => false)]);
  }

  /** Resolves when it has ended, in order. */
  async stop(): Promise<void> {
    this.#command.child.kill('SIGINT');
    const code = await this.exited;
    if (code !== 0) throw this.failure('did not end in order');
  }

  /** With what it said last that was wrong. */
  failure(what: string): DarumaError {
    const said = this.#lines.slice(-6).join(' | ');
    return new DarumaError('ACTION_FAILED', `PostgreSQL on the restored data ${what}: ${said}`);
  }

  said(pattern: RegExp): boolean {
    return this.#lines.some((line) => pattern.test(line));
  }

  /** Whatever it does. */
  kill(): void {
    this.#command.end();
  }
}

/** For the server to read. It is made anew for each, so that no disk is waited for. */
export async function writeFor(account: Account | null, path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  if (account !== null) await chown(path, account.uid, account.gid);
}

function asAccount({ uid, gid }: Account): string[] {
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
}
