/** How much of the time services were there. */
import { DarumaError } from '../../model/errors.ts';
import { AvailabilityLog } from '../../server/availability-log.ts';
import { availabilityLines } from '../availability-text.ts';
import type { AddCommand } from '../command.ts';
import type { Session } from '../session.ts';

export const addAvailability: AddCommand = ({ program, action }) => {
  program
    .command('availability [service]')
    .description('show how much of the time services were there, and their outages')
    .action(action(availability));
};

async function availability(session: Session, service: string | undefined): Promise<number> {
  const report = await new AvailabilityLog(session.client).report();
  const names = report.services.map((one) => one.service);
  if (service !== undefined && !names.includes(service)) {
    const there = names.join(', ');
    throw new DarumaError('NOT_FOUND', `there is no service ${service}; there are: ${there}`);
  }
  const services = report.services.filter((one) => (service ?? one.service) === one.service);
  if (session.json) session.printJson({ ...report, services });
  else session.print(...availabilityLines({ ...report, services }, session.paint));
  return 0;
}
