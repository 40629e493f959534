/** An argument vector, or one string for `sh -c` where the user wrote a string with `shell: true`.
 * A plain string is split into words as a POSIX shell would, without expansion. */
export interface CommandSpec {
  /** Templates. */
  readonly argv: readonly string[];
}
