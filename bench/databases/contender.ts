/** Who keeps a database restorable in a benchmark: Daruma, a peer. */
import type { Command } from '../copies/contender.ts';
import type { BenchDatabase, DatabaseSetup } from './database.ts';

export interface DatabaseTool extends DatabaseSetup {
  /** What has to be made once the database runs. */
  begin(database: BenchDatabase): Promise<void>;
  /** Runs all the time that the database does; null: nothing does. */
  along(database: BenchDatabase): Command | null;
  /** A base copy. */
  save(database: BenchDatabase): Command;
  /** Brings the database back to the moment; resolves when its server was started. */
  recover(
    database: BenchDatabase,
    at: number,
    run: (command: Command) => Promise<void>,
  ): Promise<void>;
  /** Removes what a recovery has put aside, once nobody waits any more. */
  confirm(database: BenchDatabase): void;
}

export interface DatabaseContender {
  readonly name: string;
  readonly version: string;
  /** In an empty directory that everybody may pass through. */
  open(directory: string): Promise<DatabaseTool>;
}
