import { existsSync, readdirSync } from 'node:fs';
import { DarumaError } from '../../model/errors.ts';
import { type InstanceId, isInstance } from '../../model/ids.ts';
import { instanceLogDir, layout } from '../../model/layout.ts';
import type { ServiceSpec } from '../../model/stack-spec.ts';
import type { AddCommand } from '../command.ts';
import { externalLines, externalLogs } from '../external-logs.ts';
import { untilInterrupted } from '../interrupt.ts';
import type { Colour } from '../paint.ts';
import type { Session } from '../session.ts';
import { wholeNumber } from '../whole-number.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly lines?: number;
}

const colours: readonly Colour[] = ['cyan', 'green', 'yellow', 'bold'];

export const addLogs: AddCommand = ({ program, action }) => {
  program
    .command('logs [service[/n]...]')
    .description('show the output of instances; works while Daruma is down')
    .option('-f, --follow', 'go on as new lines come')
    .option('-n, --lines <count>', 'begin with the last so many of each', wholeNumber)
    .action(
      action(async (session, names: readonly string[], options: LogsOptions) => {
        const externals = await externalLogs(session);
        const instances = chosen(session.stateDir, [...externals.keys()], names);
        const signal = untilInterrupted();
        const width = Math.max(...instances.map((instance) => instance.length));
        const read = (instance: InstanceId, index: number): Promise<void> => {
          const colour = colours[index % colours.length] ?? 'cyan';
          const prefix = session.paint(colour, `${instance.padEnd(width)} |`);
          const source = sourceOf(session, instance, externals.get(instance), options, signal);
          return copy(session, instance, prefix, source);
        };
        // One after the other keeps an instance's lines together; following needs all at once.
        if (options.follow === true) await Promise.all(instances.map(read));
        else for (const [index, instance] of instances.entries()) await read(instance, index);
        return 0;
      }),
    );
};

type Lines = AsyncIterable<{ readonly text: string }>;

/** What Daruma has kept, or what the service's own command prints. */
function sourceOf(
  session: Session,
  instance: InstanceId,
  external: ServiceSpec | undefined,
  { follow, lines }: LogsOptions,
  signal: AbortSignal,
): Lines {
  const tail = lines === undefined ? {} : { tail: lines };
  const options = { ...tail, follow: follow === true, signal };
  if (external !== undefined) return externalLines(session, instance, external, options);
  return session.wiring.readLogs(instanceLogDir(session.stateDir, instance), options);
}

async function copy(
  session: Session,
  instance: InstanceId,
  prefix: string,
  lines: Lines,
): Promise<void> {
  for await (const { text } of lines) {
    if (session.json) session.print(JSON.stringify({ instance, text }));
    else session.print(`${prefix} ${text}`);
  }
}

/** Instances that have a log, of those named; without names all. */
function chosen(
  stateDir: string,
  externals: readonly InstanceId[],
  names: readonly string[],
): InstanceId[] {
  const { logsDir } = layout(stateDir);
  const directories = existsSync(logsDir) ? readdirSync(logsDir, { withFileTypes: true }) : [];
  const found = directories
    .filter((each) => each.isDirectory())
    .map(({ name }) => name.replace(/\.(\d+)$/, '/$1'))
    .filter(isInstance);
  const all = [...new Set([...found, ...externals])].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  );
  const matches = (name: string) => (instance: string) =>
    instance === name || instance.startsWith(`${name}/`);
  const missing = names.find((name) => !all.some(matches(name)));
  if (missing !== undefined) throw new DarumaError('NOT_FOUND', `there is no log of ${missing}`);
  if (all.length === 0) throw new DarumaError('NOT_FOUND', `there are no logs in ${logsDir}`);
  return names.length === 0 ? all : all.filter((each) => names.some((name) => matches(name)(each)));
}
