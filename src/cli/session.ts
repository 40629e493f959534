/** What a command has at hand: its options, the stack it is about, the controller, the terminal. */
import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DarumaError } from '../model/errors.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { StackView } from '../model/view.ts';
import { formatProblem, type Problem } from '../stack/problem.ts';
import { findStackFile, readStack } from '../stack/read.ts';
import type { Account } from './account.ts';
import { consoleLines } from './console-place.ts';
import { ControlClient } from './control-client.ts';
import { coloured, type Paint, plain } from './paint.ts';
import type { StackFile } from './stack-changes.ts';
import { endpointLines } from './stack-text.ts';
import { dateText } from './time-text.ts';
import type { CliWiring, Io, StackPlace } from './wiring.ts';

export interface GlobalOptions {
  readonly file?: string;
  readonly stateDir?: string;
  readonly json?: boolean;
  readonly color?: boolean;
}

export class Session {
  readonly wiring: CliWiring;
  readonly io: Io;
  readonly json: boolean;
  readonly paint: Paint;
  readonly #options: GlobalOptions;

  constructor(wiring: CliWiring, io: Io, options: GlobalOptions) {
    this.wiring = wiring;
    this.io = io;
    this.#options = options;
    this.json = options.json === true;
    const colours = options.color !== false && !io.environment['NO_COLOR'] && io.out.isTTY === true;
    this.paint = colours && !this.json ? coloured : plain;
  }

  /** The same for another stack file. */
  about(file: string): Session {
    return new Session(this.wiring, this.io, { ...this.#options, file });
  }

  /** Absolute path. Throws STACK_NOT_FOUND. */
  get file(): string {
    const { file } = this.#options;
    if (file === undefined) {
      const found = findStackFile(this.io.cwd);
      if (found !== null) return found;
      throw new DarumaError('STACK_NOT_FOUND', `there is no stack file in ${this.io.cwd}`);
    }
    const path = resolve(this.io.cwd, file);
    const entry = statSync(path, { throwIfNoEntry: false });
    if (entry === undefined) throw new DarumaError('STACK_NOT_FOUND', `there is no ${path}`);
    if (!entry.isDirectory()) return path;
    const found = findStackFile(path);
    if (found !== null) return found;
    throw new DarumaError('STACK_NOT_FOUND', `there is no stack file in ${path}`);
  }

  /** Absolute path. */
  get stateDir(): string {
    return this.givenStateDir ?? join(dirname(this.file), '.daruma');
  }

  /** Absolute path of the one that was named; null: none was. */
  get givenStateDir(): string | null {
    const given = this.#options.stateDir ?? this.io.environment['DARUMA_STATE_DIR'];
    return given === undefined || given === '' ? null : resolve(this.io.cwd, given);
  }

  get client(): ControlClient {
    return new ControlClient(this.stateDir);
  }

  /** Reads what is on record, also of a stack that is not running. Rejects with NOT_RUNNING where
   * nothing was left, and as `read` does. */
  async fromAccount<T>(read: (account: Account) => Promise<T>): Promise<T> {
    const { client, stateDir } = this;
    const left = client.isKept() ? null : await this.wiring.leftAccount(stateDir);
    if (left === null) return read(client);
    try {
      this.warn(`the stack is not running; what follows is as of ${dateText(left.lastAt)}`);
      return await read(left);
    } finally {
      await left.close();
    }
  }

  /** The API runs us for somebody who is logged in there. */
  get isForApi(): boolean {
    return (this.io.environment['DARUMA_BY'] ?? '') !== '';
  }

  /** Who asks, for the event log. */
  get user(): string {
    const { DARUMA_BY: by = '' } = this.io.environment;
    if (by !== '') return by;
    try {
      return userInfo().username;
    } catch {
      // A user id without an entry in the system's list.
      return `uid ${process.getuid?.() ?? 'unknown'}`;
    }
  }

  /** Throws STACK_INVALID with all that is wrong; warnings go to standard error. */
  async readStackFile(): Promise<StackFile> {
    const file = this.file;
    const result = await readStack({ file, environment: this.io.environment });
    for (const warning of result.warnings) this.warn(formatProblem(warning));
    return result.ok ? result : this.refuseStack(result.problems);
  }

  async readStack(): Promise<StackSpec> {
    return (await this.readStackFile()).spec;
  }

  /** Throws STACK_INVALID. */
  refuseStack(problems: readonly Problem[]): never {
    const lines = problems.map(formatProblem).join('\n');
    throw new DarumaError('STACK_INVALID', `the stack file has errors:\n${lines}`);
  }

  place(spec: StackSpec): StackPlace {
    return { file: spec.file, stateDir: this.stateDir, name: spec.name };
  }

  /** How a person calls us for this stack. */
  get command(): string {
    const { file } = this.#options;
    const { program } = this.io;
    return file === undefined ? program : `${program} --file ${file}`;
  }

  /** Where a stack that is up is reached, and what to try with it. */
  whatNext(view: StackView, spec: StackSpec): string[] {
    const instances = view.services.flatMap(({ instances }) => instances);
    const example = instances.find(({ pid }) => pid !== null)?.id;
    const { command } = this;
    const drill = example === undefined ? [] : [`  ${command} drill kill ${example}`];
    return [
      ...endpointLines(view, spec),
      ...consoleLines(this.stateDir),
      'try next:',
      `  ${command} ps`,
      ...drill,
      `  ${command} explain`,
    ];
  }

  print(...lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.io.out.write(`${lines.join('\n')}\n`);
  }

  warn(text: string): void {
    this.io.err.write(`${text}\n`);
  }

  printJson(value: unknown): void {
    this.io.out.write(`${JSON.stringify(value, null, 2)}\n`);
  }
}
