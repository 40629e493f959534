import { DarumaError } from '../model/errors.ts';

/** Something that runs here, as far as could be found out. */
export interface FoundService {
  readonly name: string;
  /** Where it was found, for a comment. */
  readonly origin: string;
  /** Where it listens: `8080` or `10.0.0.1:8080`. */
  readonly endpoint: string | null;
  readonly start: readonly string[] | null;
  readonly stop: readonly string[] | null;
  readonly status: readonly string[] | null;
  readonly logs: readonly string[] | null;
  readonly pidFile: string | null;
  /** Names of others found in the same place. */
  readonly dependsOn: readonly string[];
}

/** Throws BAD_REQUEST when the file isn't what its name says. */
export function understood<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new DarumaError('BAD_REQUEST', `${file} is not understood`, { cause });
  }
}
