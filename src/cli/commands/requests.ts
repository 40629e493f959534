/** What a person asks of a running stack, and its answer. */

import { DarumaError } from '../../model/errors.ts';
import type { PersonRequest } from '../../model/event.ts';
import type { IncidentId, ServiceName } from '../../model/ids.ts';
import type { StackView } from '../../model/view.ts';
import { addChange } from '../change.ts';
import type { AddCommand } from '../command.ts';
import { requireConsent } from '../consent.ts';
import type { Session } from '../session.ts';

async function ask(session: Session, request: PersonRequest): Promise<number> {
  const message = await session.client.request(session.user, request);
  if (session.json) session.printJson({ message });
  else session.print(message);
  return 0;
}

async function down(session: Session): Promise<number> {
  const { client, user } = session;
  const left = observedIn(await client.stack());
  const message = await client.request(user, { kind: 'down' });
  // Whoever brings the stack up again next must not meet what is just leaving.
  await client.ended();
  if (session.json) session.printJson({ message });
  else if (left.length === 0) session.print(message);
  else session.print(`${message}; left alone, as it was only observed: ${left.join(', ')}`);
  return 0;
}

function observedIn({ mode, services }: StackView): readonly ServiceName[] {
  const observed = services.filter((service) => mode === 'observe' || service.mode === 'observe');
  return observed.map(({ name }) => name);
}

export const addRequests: AddCommand = ({ program, action }) => {
  program
    .command('down')
    .description('stop everything, in reverse order, and end Daruma')
    .action(action(down));
  for (const kind of ['start', 'stop', 'restart'] as const) addChange({ program, action }, kind);
  program
    .command('reset [service[/n]]')
    .description('clear «needs a person», used-up budgets and back-off')
    .action(
      action((session, target?: string) => ask(session, { kind: 'reset', target: target ?? null })),
    );
  program
    .command('approve <incident>')
    .description('approve the action that an incident waits for; what it costs is shown first')
    .option('-y, --yes', 'do not ask')
    .action(action(approve));
  program
    .command('reject <incident>')
    .description('reject the action that an incident waits for')
    .action(
      action((session, id: string) => ask(session, { kind: 'reject', incident: incidentOf(id) })),
    );
};

async function approve(
  session: Session,
  id: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<number> {
  const incident = incidentOf(id);
  if (!session.json) {
    const { actions } = await session.client.incident(incident);
    const asks = actions.findLast(({ kind }) => kind === 'ask-person');
    if (asks !== undefined) session.print(`${incident}: ${asks.reason}`);
    const { input, out } = session.io;
    const isAttended = input.isTTY === true && out.isTTY === true;
    await requireConsent(session, `Approve ${incident}?`, yes || !isAttended);
  }
  return ask(session, { kind: 'approve', incident });
}

function incidentOf(id: string): IncidentId {
  if (/^i\d+$/.test(id)) return id as IncidentId;
  throw new DarumaError('BAD_REQUEST', `${id} is no incident; they are called i1, i2, …`);
}
