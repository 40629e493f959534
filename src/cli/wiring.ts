/** What the command line is given by src/main.ts, and where it reads and writes. */
import type { ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import type { RunJob } from '../ports/vault-job.ts';
import type { Sources } from '../stack/sources.ts';
import type { LeftAccount } from './account.ts';

export interface CliWiring {
  readonly version: string;
  /** Starts the keeper in a session of its own; it outlives us. Resolves once it keeps the stack;
   * rejects with ALREADY_RUNNING when another one was faster. True: its controller brings
   * the stack up for `upBy`; false: it has to be asked. */
  startKeeper(stack: ReadPlace, upBy: string): Promise<boolean>;
  /** Lets a keeper of this version take over from the running one of another; nothing restarts. */
  takeOver(stack: ReadPlace): Promise<void>;
  /** Program and arguments that run the keeper in the foreground, for a service manager. */
  keeperArgv(stack: StackPlace): readonly string[];
  /** Lines of one instance's log, oldest first; with `follow`, until the signal. */
  readLogs(directory: string, options: LogOptions): AsyncIterable<{ readonly text: string }>;
  /** What a stack that is not running has left on record; null: nothing. */
  leftAccount(stateDir: string): Promise<LeftAccount | null>;
  /** What makes a program run as this user; null: as we do. Throws USER_UNKNOWN. */
  asUser(user: string | null): readonly string[];
  /** `${services.NAME.FIELD}` of a service, such as its user and password. */
  attributes(service: ServiceSpec, stateDir: string): Promise<Readonly<Record<string, string>>>;
  /** Work on recovery points, by a process of its own. */
  readonly runJob: RunJob;
  /** Who listens there, such as «nginx (pid 12)»; null: nobody. */
  portHolder(host: string, port: number): Promise<string | null>;
}

export interface StackPlace {
  /** Absolute path of the stack file. */
  readonly file: string;
  /** Absolute path. */
  readonly stateDir: string;
  readonly name: string;
}

/** What a stack file says, too. */
export interface ReadPlace extends StackPlace {
  readonly read: { readonly spec: StackSpec; readonly sources: Sources };
}

export interface LogOptions {
  readonly tail?: number;
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface Io {
  readonly out: Output;
  readonly err: Output;
  readonly input: NodeJS.ReadStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** How a person calls us: `daruma`, or a path in a clone. */
  readonly program: string;
}
