/** How a command becomes part of the program. */
import type { Command } from 'commander';
import type { Session } from './session.ts';

/** Exit code; nothing: 0. */
export type Outcome = number | undefined;

export interface CommandHost {
  readonly program: Command;
  /** Wraps what a command does: gives it a session and takes care of its errors and exit code. */
  readonly action: <Args extends readonly unknown[]>(
    run: (session: Session, ...args: Args) => Promise<Outcome>,
  ) => (...args: unknown[]) => Promise<void>;
}

export type AddCommand = (host: CommandHost) => void;
