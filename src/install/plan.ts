/** What would be written, so that it can be shown before it is done. */
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DarumaError } from '../model/errors.ts';

export interface PlannedFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  /** 0600 marks what holds secrets: not to be shown. */
  readonly mode: 0o600 | 0o644;
}

export interface Plan {
  readonly files: readonly PlannedFile[];
  /** Directories for us alone, made if they aren't there. */
  readonly directories: readonly string[];
  /** A link to make, unless something is there already. */
  readonly link: { readonly path: string; readonly target: string } | null;
  /** What a person does next. */
  readonly next: readonly string[];
}

/** Throws REFUSED, before anything is written, when a file is there and `force` isn't given;
 * REQUIREMENT_UNMET when the disk or its rights don't let it be written. */
export function carryOut(plan: Plan, options: { readonly force: boolean }): void {
  const there = plan.files.filter(({ path }) => existsSync(path)).map(({ path }) => path);
  if (there.length > 0 && !options.force) {
    const todo = 'Give --force to replace it.';
    throw new DarumaError('REFUSED', `there already: ${there.join(', ')}`, { todo });
  }
  try {
    write(plan);
  } catch (cause) {
    throw new DarumaError('REQUIREMENT_UNMET', "it can't be written", { cause });
  }
}

function write(plan: Plan): void {
  for (const path of plan.directories) mkdirSync(path, { recursive: true, mode: 0o700 });
  for (const { path, text, mode } of plan.files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
    // The mode above is only that of a new file.
    chmodSync(path, mode);
  }
  const { link } = plan;
  if (link !== null && !existsSync(link.path)) symlinkSync(link.target, link.path);
}
