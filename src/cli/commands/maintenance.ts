/** A service is watched and not acted on, for a time or until it is healthy. */
import { InvalidArgumentError } from 'commander';
import { DarumaError } from '../../model/errors.ts';
import type { PersonRequest } from '../../model/event.ts';
import { parseDuration } from '../../stack/quantity.ts';
import type { AddCommand } from '../command.ts';
import { maintenanceNotes } from '../maintenance-text.ts';
import type { Session } from '../session.ts';

interface MaintenanceOptions {
  readonly for?: number;
  readonly untilHealthy?: boolean;
  readonly end?: boolean;
}

export const addMaintenance: AddCommand = ({ program, action }) => {
  program
    .command('maintenance [service]')
    .description('watch a service and do nothing to it, for a while; without one: show which')
    .option('--for <duration>', 'for so long, such as 30m', duration)
    .option('--until-healthy', 'until it is healthy again, a day at most')
    .option('--end', 'end it: what is wrong is dealt with at once')
    .action(action(maintenance));
};

async function maintenance(
  session: Session,
  service: string | undefined,
  options: MaintenanceOptions,
): Promise<number> {
  const { client, user } = session;
  const request = requestOf(service, options);
  if (request === null) return show(session);
  const message = await client.request(user, request);
  if (session.json) session.printJson({ message });
  else session.print(message);
  return 0;
}

/** Null: nothing is asked for. */
function requestOf(
  service: string | undefined,
  { for: forMs, untilHealthy = false, end = false }: MaintenanceOptions,
): PersonRequest | null {
  const begins = forMs !== undefined || untilHealthy;
  if (service === undefined) {
    if (!begins && !end) return null;
    throw new DarumaError('BAD_REQUEST', 'which service? daruma maintenance SERVICE …');
  }
  if (begins === end)
    throw new DarumaError('BAD_REQUEST', 'say one: --for, --until-healthy (or both), or --end');
  if (end) return { kind: 'maintenance-end', service };
  return { kind: 'maintenance', service, forMs: forMs ?? null, untilHealthy };
}

async function show(session: Session): Promise<number> {
  const view = await session.client.stack();
  if (session.json) {
    const items = view.services.flatMap(({ name: service, maintenance: under }) =>
      under === undefined ? [] : [{ service, ...under }],
    );
    session.printJson({ items });
    return 0;
  }
  const notes = maintenanceNotes(view);
  session.print(...(notes.length === 0 ? ['no service is under maintenance'] : notes));
  return 0;
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new InvalidArgumentError('expected a duration such as 30m.');
  return ms;
}
