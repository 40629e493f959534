/** Who copies data in a benchmark: Daruma, a peer, `cp`. */

export interface Command {
  readonly argv: readonly string[];
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface CopyTool {
  /** Where copies lie; nothing else does. */
  readonly repository: string;
  /** Whether a copy holds only what is new since the last. */
  readonly incremental: boolean;
  /** Copies a directory. */
  save(data: string): Command;
  /** The newest copy, into a directory that isn't there yet. */
  restore(into: string): Command;
}

export interface CopyContender {
  readonly name: string;
  readonly version: string;
  /** In an empty directory; whatever has to be made once (keys, repository) is made. */
  open(directory: string): Promise<CopyTool>;
}
