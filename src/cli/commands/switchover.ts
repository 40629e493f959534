/** The primary's role goes to a standby on purpose; how long writes had to wait is told. */
import { InvalidArgumentError } from 'commander';
import { DarumaError, exitCodes } from '../../model/errors.ts';
import { type InstanceId, instanceId, isInstance, serviceOf } from '../../model/ids.ts';
import type { StoredRecord } from '../../model/record.ts';
import { recordText } from '../../model/record-text.ts';
import type { ServiceView, StackView } from '../../model/view.ts';
import { parseDuration } from '../../stack/quantity.ts';
import type { AddCommand } from '../command.ts';
import type { Session } from '../session.ts';

interface SwitchoverOptions {
  readonly to?: string;
  readonly limit?: number;
}

const pageSize = 1_000;

export const addSwitchover: AddCommand = ({ program, action }) => {
  program
    .command('switchover <service>')
    .description('make another instance primary, without breaking a transaction')
    .option('--to <n>', 'which one becomes primary (default: the standby that is furthest)')
    .option(
      '--limit <duration>',
      'how long transactions may take to end, such as 10s (default: switchover_limit)',
      duration,
    )
    .action(action(switchover));
};

async function switchover(
  session: Session,
  name: string,
  options: SwitchoverOptions,
): Promise<number> {
  const { client, user } = session;
  const before = await client.stack();
  const service = serviceIn(before, name);
  const to = options.to === undefined ? null : instanceOf(service, options.to);
  const limitMs = options.limit ?? (await defaultLimitMs(session, name));
  const over = new AbortController();
  const progress = follow(session, name, before.seq, over.signal);
  try {
    const request = { kind: 'switchover' as const, service: name, to, limitMs };
    const work = client.request(user, request);
    // That the keeper goes ends what we follow; the answer says why.
    const message = await Promise.race([work, progress.then(() => work)]);
    await report(session, before, name, message);
    return exitCodes.ok;
  } finally {
    over.abort();
  }
}

/** Told on a terminal while it goes on. */
async function follow(
  session: Session,
  name: string,
  after: number,
  signal: AbortSignal,
): Promise<void> {
  for await (const { record } of session.client.follow(after, signal)) {
    const own = 'service' in record ? record.service : 'instance' in record ? record.instance : '';
    const text = own !== null && serviceOf(own) === name ? recordText(record) : null;
    if (text !== null && !session.json && session.io.err.isTTY === true) session.warn(`  ${text}`);
  }
}

async function report(
  session: Session,
  before: StackView,
  name: string,
  message: string,
): Promise<void> {
  if (!session.json) {
    session.print(message);
    return;
  }
  const from = serviceIn(before, name).group?.primary ?? null;
  const { primary: to = null, epoch = null } =
    serviceIn(await session.client.stack(), name).group ?? {};
  const pauseMs = pauseIn(await recordsAfter(session, before.seq), name);
  session.printJson({ message, service: name, from, to, epoch, pauseMs });
}

/** From when new connections were held until a write through the new primary had succeeded. */
function pauseIn(records: readonly StoredRecord[], name: string): number | null {
  const own = records.flatMap(({ record }) =>
    'service' in record && record.service === name ? [record] : [],
  );
  const served = own.findLast(({ kind }) => kind === 'primary-serves');
  const held = own.find(
    (record) =>
      record.kind === 'role-step' &&
      record.state === 'begun' &&
      (record.step === 'quiesce' || record.step === 'fence'),
  );
  return served === undefined || held === undefined ? null : Math.max(0, served.at - held.at);
}

async function recordsAfter({ client }: Session, after: number): Promise<StoredRecord[]> {
  const all: StoredRecord[] = [];
  for (;;) {
    const page = await client.records(all.at(-1)?.seq ?? after, pageSize);
    all.push(...page);
    if (page.length < pageSize) return all;
  }
}

function serviceIn(view: StackView, name: string): ServiceView {
  const found = view.services.find((service) => service.name === name);
  if (found !== undefined) return found;
  const names = view.services.map((service) => service.name).join(', ');
  throw new DarumaError('NOT_FOUND', `there is no service ${name}; there are: ${names}`);
}

/** `2` or `db/2`. */
function instanceOf({ name, instances }: ServiceView, text: string): InstanceId {
  const id = /^\d+$/.test(text) ? instanceId(name, Number(text)) : text;
  const found = isInstance(id) ? instances.find((one) => one.id === id) : undefined;
  if (found !== undefined) return found.id;
  const ids = instances.map((one) => one.id).join(', ');
  throw new DarumaError('NOT_FOUND', `${name} has no instance ${text}; there are: ${ids}`);
}

async function defaultLimitMs({ client }: Session, name: string): Promise<number> {
  const { spec } = await client.configuration();
  return spec.services.find((service) => service.name === name)?.failover?.switchoverLimitMs ?? 0;
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError('expected a duration such as 10s.');
  return ms;
}
