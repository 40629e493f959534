/** The stack as a table, and as a few words. */
import type { StackSpec } from '../model/stack-spec.ts';
import type { InstancePhase, InstanceView, ServiceView, StackView } from '../model/view.ts';
import { formatAddress } from '../stack/endpoint.ts';
import type { Colour, Paint } from './paint.ts';
import { type Cell, cell, table } from './table.ts';
import { durationText } from './time-text.ts';

const phaseColours: Readonly<Record<InstancePhase, Colour>> = {
  stopped: 'dim',
  completed: 'green',
  held: 'yellow',
  starting: 'cyan',
  running: 'cyan',
  ready: 'green',
  unhealthy: 'red',
  stopping: 'yellow',
  exited: 'red',
};

const head = ['INSTANCE', 'PHASE', 'PID', 'PORT', 'UP', 'RESTARTS', 'ENDPOINT', 'NOTE'];
/** Where the role stands, in a stack that has any. */
const roleColumn = 2;

export function stackTable(view: StackView, paint: Paint, width?: number): string[] {
  const rows = view.services.flatMap((service) =>
    service.instances.map((instance) => instanceRow(view, service, instance)),
  );
  const options = width === undefined ? { paint } : { paint, width };
  if (view.services.every(({ group }) => group === undefined)) return table(head, rows, options);
  const roles = view.services.flatMap((service) =>
    service.instances.map((instance) => roleCell(service, instance)),
  );
  const withRoles = rows.map((row, index) =>
    row.toSpliced(roleColumn, 0, roles[index] ?? cell('')),
  );
  return table(head.toSpliced(roleColumn, 0, 'ROLE'), withRoles, options);
}

/** «primary 3» is that of epoch 3. */
function roleCell({ group }: ServiceView, { id, role }: InstanceView): Cell {
  if (group === undefined || role === undefined) return cell(null, 'dim');
  if (role === 'primary') return cell(`primary ${group.epoch}`, 'bold');
  return group.eligible.includes(id) ? cell('eligible') : cell('standby', 'dim');
}

/** Why services with failover wait. */
export function groupNotes(view: StackView): string[] {
  return view.services.flatMap(({ name, group }) =>
    group === undefined || group.note === '' ? [] : [`${name}: ${group.note}`],
  );
}

function instanceRow(view: StackView, service: ServiceView, instance: InstanceView): Cell[] {
  const { id, phase, pid, port, startedAt, restarts, note, needsPerson } = instance;
  const alive = startedAt !== null && pid !== null;
  const short = withoutSubject(id, note);
  return [
    cell(id),
    needsPerson ? cell('needs person', 'red') : cell(phase, phaseColour(instance)),
    cell(pid),
    cell(port),
    cell(alive ? durationText(Math.max(0, view.at - startedAt)) : null),
    cell(restarts, restarts > 0 ? 'yellow' : null),
    endpointCell(service, instance),
    cell(service.mode === 'observe' ? `(observed) ${short}`.trim() : short),
  ];
}

/** Ready, and something is to be said about it: a warning. */
function phaseColour({ phase, note }: InstanceView): Colour {
  return phase === 'ready' && note !== '' ? 'yellow' : phaseColours[phase];
}

/** What the columns before it say already is left out. */
function withoutSubject(id: string, note: string): string {
  const begin = [`${id} needs a person: `, `${id} `].find((words) => note.startsWith(words)) ?? '';
  return note.slice(begin.length);
}

/** Where connections come from: also those that only read, of a service with `endpoint_read`. */
function endpointCell(
  { endpoint, endpointRead = '' }: ServiceView,
  { routed, reads = false }: InstanceView,
): Cell {
  if (endpoint === null) return cell(null, 'dim');
  const main = routed === 'serving' ? [endpoint] : [];
  const all = reads ? [...main, `${endpointRead} (read)`] : main;
  if (all.length > 0) return cell(all.join(', '));
  return cell(routed, 'yellow');
}

/** «shop is running: 4 of 5 instances ready, 1 open incident». */
export function stackHeadline(view: StackView): string {
  const wanted = view.services.filter((service) => service.wanted === 'up');
  const instances = wanted.flatMap((service) => service.instances);
  const ready = instances.filter(isSettled).length;
  const open = view.openIncidents.length;
  const incidents = open === 0 ? '' : `, ${open} open incident${open === 1 ? '' : 's'}`;
  const observed = view.mode === 'observe' ? ' (observe mode: nothing is touched)' : '';
  const unwritable = view.storeWritable ? '' : ', the log can’t be written';
  const closed = (view.endpointsClosed ?? null) === null ? '' : ', endpoints are not open';
  const state = `${incidents}${unwritable}${closed}`;
  const counts = `${ready} of ${instances.length} instances ready${state}`;
  return `${view.name} is ${view.state}: ${counts}${observed}`;
}

/** As it is to be: a cold standby waits. */
export function isSettled({ phase, spare = false, needsPerson }: InstanceView): boolean {
  return phase === 'ready' || phase === 'completed' || (spare && !needsPerson);
}

/** Where the stack is reached; services that are checked by HTTP as an address to click on. */
export function endpointLines(view: StackView, spec: StackSpec): string[] {
  const web = new Set(
    spec.services
      .filter(({ healthcheck }) => healthcheck?.probe.kind === 'http')
      .map(({ name }) => name),
  );
  const all = view.services.flatMap(({ name, endpoint }) => {
    const read = spec.services.find((service) => service.name === name)?.endpointRead;
    const main = endpoint === null ? [] : [{ what: name, endpoint, isWeb: web.has(name) }];
    if (read === undefined) return main;
    return [...main, { what: `${name} (read)`, endpoint: formatAddress(read), isWeb: false }];
  });
  const longest = Math.max(0, ...all.map(({ what }) => what.length));
  return all.map(({ what, endpoint, isWeb }) => {
    return `  ${what.padEnd(longest)}  ${isWeb ? `http://${endpoint}/` : endpoint}`;
  });
}
