/**
 * Any service by two commands of its own: `dump` prints its data, `load` takes it back. How
 * consistent that is, is the command's to promise.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { DarumaError } from '../../model/errors.ts';
import type { PointSourceSpec } from '../../model/recovery-point.ts';
import type { OpenSource, PointSource, SourceEntry } from '../../ports/vault.ts';
import type { SourceContext } from './context.ts';
import { runTied } from './tied-job.ts';

type CommandSourceSpec = Extract<PointSourceSpec, { readonly kind: 'command' }>;

/** The only file of such a copy. */
const dumpName = 'dump';
const copiesDir = 'command';

export function commandSource(spec: CommandSourceSpec, context: SourceContext): PointSource {
  return {
    kind: 'command',
    incremental: false,
    open: (signal) => openDump(spec, context, signal),
  };
}

async function openDump(
  spec: CommandSourceSpec,
  context: SourceContext,
  signal: AbortSignal,
): Promise<OpenSource> {
  const at = context.now();
  const directory = `${context.scratchDir}/${copiesDir}`;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return {
    entries: dumped(spec, context, directory, signal),
    end: async () => ({ entries: [], summary: { at, versions: {} } }),
    abort: () => rm(directory, { recursive: true, force: true }),
  };
}

/** How long it is must be known before it can be put into an archive. */
async function* dumped(
  { dump, timeoutMs }: CommandSourceSpec,
  { run, now }: SourceContext,
  directory: string,
  signal: AbortSignal,
): AsyncGenerator<SourceEntry> {
  const copy = `${directory}/${dumpName}`;
  const began = now();
  await runTied({ what: 'dump', command: dump, run, timeoutMs, signal }, (child) => {
    child.stdin?.end();
    return pipeline(child.stdout, createWriteStream(copy, { mode: 0o600 }));
  });
  const { size, uid, gid } = await stat(copy);
  if (size === 0) throw new DarumaError('ACTION_FAILED', '`dump` printed nothing');
  yield {
    ...{ path: dumpName, type: 'file', bytes: size, mode: 0o600, uid, gid, mtimeMs: began },
    open: async () => createReadStream(copy),
  };
}
