import { setTimeout as pause } from 'node:timers/promises';
import type { InstanceId } from '../../model/ids.ts';
import type { Sample, SignalName } from '../../model/sample.ts';
import type { StackView } from '../../model/view.ts';
import type { AddCommand } from '../command.ts';
import { untilInterrupted } from '../interrupt.ts';
import type { Session } from '../session.ts';
import { signalText } from '../signal-text.ts';
import { stackHeadline } from '../stack-text.ts';
import { cell, table } from '../table.ts';

const everyMs = 1_000;

const columns: readonly (readonly [string, SignalName])[] = [
  ['CPU', 'cpu'],
  ['MEMORY', 'memory.rss'],
  ['READ', 'io.read'],
  ['WRITE', 'io.write'],
  ['PROCESSES', 'processes'],
  ['FILES', 'descriptors'],
  ['CHECK', 'health.latency'],
  ['CONNECTIONS', 'endpoint.connections'],
  ['REQUESTS/S', 'endpoint.requests'],
];

export const addTop: AddCommand = ({ program, action }) => {
  program
    .command('top')
    .description('show what the instances use, each second until Ctrl-C; once when piped')
    .action(action(watch));
};

async function watch(session: Session): Promise<number> {
  const { client, io, json } = session;
  if (json) {
    session.printJson(await client.signals());
    return 0;
  }
  const isLive = io.out.isTTY === true;
  const interrupted = untilInterrupted();
  do {
    const [view, samples] = await Promise.all([client.stack(), client.signals()]);
    const lines = usageLines(view, samples, session);
    io.out.write(`${isLive ? '\u001b[H\u001b[2J' : ''}${lines.join('\n')}\n`);
    if (isLive) await pause(everyMs, undefined, { signal: interrupted }).catch(() => undefined);
  } while (isLive && !interrupted.aborted);
  return 0;
}

/** The busiest first. */
function usageLines(view: StackView, samples: readonly Sample[], { paint }: Session): string[] {
  const values = new Map<string, number>();
  for (const { component, signal, value } of samples) values.set(`${component} ${signal}`, value);
  const of = (id: InstanceId, signal: SignalName) => values.get(`${id} ${signal}`) ?? null;
  const instances = view.services
    .flatMap((service) => service.instances)
    .filter(({ id }) => of(id, 'memory.rss') !== null)
    .sort((left, right) => (of(right.id, 'cpu') ?? 0) - (of(left.id, 'cpu') ?? 0));
  const rows = instances.map(({ id }) => [
    cell(id),
    ...columns.map(([, signal]) => {
      const value = of(id, signal);
      return cell(value === null ? null : signalText(signal, value));
    }),
  ]);
  const head = ['INSTANCE', ...columns.map(([title]) => title)];
  return [stackHeadline(view), '', ...table(head, rows, { paint })];
}
