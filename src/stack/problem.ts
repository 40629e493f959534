/** What is wrong in a stack file, and where. */

export type Path = readonly (string | number)[];

export interface Problem {
  readonly file: string;
  /** From 1; null: the stack was written in TypeScript or JavaScript, where places aren't known. */
  readonly line: number | null;
  readonly column: number | null;
  /** Such as `services.api.depends_on[0]`; empty: the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly expected: string | null;
  readonly found: string | null;
  /** Such as «did you mean `depends_on`?». */
  readonly hint: string | null;
}

/** `daruma.yaml:12:5: services.api.replicas: expected …, found …; did you mean …?` */
export function formatProblem(problem: Problem): string {
  const place = problem.line === null ? '' : `:${problem.line}:${problem.column ?? 1}`;
  const path = problem.path === '' ? '' : ` ${problem.path}:`;
  const hint = problem.hint === null ? '' : `; ${problem.hint}`;
  return `${problem.file}${place}:${path} ${problem.message}${hint}`;
}

/** `services.api.command[1]`; keys that aren't plain words are quoted. */
export function formatPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[\w-]+$/.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}

/** What a problem says besides its place. */
export interface Complaint {
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
  readonly hint?: string | null;
}
