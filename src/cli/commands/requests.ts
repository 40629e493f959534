/** What a person asks of a running stack, and its answer. */

import { DarumaError } from '../../model/errors.ts';
import type { PersonRequest } from '../../model/event.ts';
import type { IncidentId } from '../../model/ids.ts';
import { addChange } from '../change.ts';
import type { AddCommand } from '../command.ts';
import type { Session } from '../session.ts';

async function ask(session: Session, request: PersonRequest): Promise<number> {
  const message = await session.client.request(session.user, request);
  // Whoever brings the stack up again next must not meet what is just leaving.
  if (request.kind === 'down') await session.client.ended();
  if (session.json) session.printJson({ message });
  else session.print(message);
  return 0;
}

export const addRequests: AddCommand = ({ program, action }) => {
  program
    .command('down')
    .description('stop everything, in reverse order, and end Daruma')
    .action(action((session) => ask(session, { kind: 'down' })));
  for (const kind of ['start', 'stop', 'restart'] as const) addChange({ program, action }, kind);
  program
    .command('reset [service[/n]]')
    .description('clear «needs a person», used-up budgets and back-off')
    .action(
      action((session, target?: string) => ask(session, { kind: 'reset', target: target ?? null })),
    );
  for (const kind of ['approve', 'reject'] as const) {
    program
      .command(`${kind} <incident>`)
      .description(`${kind} the action that an incident waits for`)
      .action(action((session, id: string) => ask(session, { kind, incident: incidentOf(id) })));
  }
};

function incidentOf(id: string): IncidentId {
  if (/^i\d+$/.test(id)) return id as IncidentId;
  throw new DarumaError('BAD_REQUEST', `${id} is no incident; they are called i1, i2, …`);
}
