/** A check plugin for Nagios, Icinga, Zabbix and the like: one line, an exit code, performance data
 * (https://nagios-plugins.org/doc/guidelines.html). */
import { DarumaError, errorInfo } from '../../model/errors.ts';
import type { StackView } from '../../model/view.ts';
import type { AddCommand } from '../command.ts';
import { isSettled } from '../stack-text.ts';

const states = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;
const [ok, warning, critical, unknown] = [0, 1, 2, 3];

interface Finding {
  readonly state: number;
  readonly text: string;
}

export const addNagios: AddCommand = ({ program, action }) => {
  program
    .command('nagios')
    .description('check the stack as a Nagios plugin: exit 0 OK, 1 warning, 2 critical, 3 unknown')
    .action(
      action(async (session) => {
        const { state, text } = await finding(() => session.client.stack());
        session.print(`DARUMA ${states[state]} - ${text}`);
        return state;
      }),
    );
};

async function finding(look: () => Promise<StackView>): Promise<Finding> {
  try {
    return judged(await look());
  } catch (error) {
    const away = error instanceof DarumaError && error.code === 'NOT_RUNNING';
    return { state: away ? critical : unknown, text: errorInfo(error).message };
  }
}

function judged({ name, services, openIncidents, storeWritable }: StackView): Finding {
  const wanted = services.filter((service) => service.wanted === 'up');
  const instances = wanted.flatMap((service) => service.instances);
  const [needy] = instances.filter(({ needsPerson }) => needsPerson);
  const away = instances.filter((instance) => !isSettled(instance));
  const ready = instances.length - away.length;
  const figures = `ready=${ready};;;0;${instances.length} incidents=${openIncidents.length};;;0`;
  const counts = `${name}: ${ready} of ${instances.length} instances ready`;
  const told = (state: number, text: string) => ({ state, text: `${text} | ${figures}` });
  if (needy !== undefined) return told(critical, `${counts}; ${needy.id} needs a person`);
  if (!storeWritable) return told(critical, `${counts}; the event log can’t be written`);
  if (away.length === 0) return told(ok, counts);
  const which = away.map(({ id, phase }) => `${id} is ${phase}`).join(', ');
  return told(ready === 0 ? critical : warning, `${counts}; ${which}`);
}
