/** What sources work with, besides what the stack file says of them. */
export interface SourceContext {
  /** Wall-clock milliseconds. */
  readonly now: () => number;
  /** For copies that are made before they can be put into an archive; made when needed. */
  readonly scratchDir: string;
  /** Absolute paths that are no data of the service wherever they lie, such as the vault itself. */
  readonly leaveOut: readonly string[];
  /** The stack's. */
  readonly stateDir: string;
  readonly run: CommandRun;
}

/** How a service's commands are run. */
export interface CommandRun {
  /** What makes it run as another user. */
  readonly asUser: readonly string[];
  readonly workingDir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly expand: (template: string) => string;
}
