/**
 * A small controller in a process of its own, to be killed: looks at what there is, starts what
 * doesn't run, and says so in lines of JSON. Arguments: state directory, stack id, options and the
 * launch as JSON. With `stop` as last argument it stops the instance then, with `order` it gives
 * the launcher that waits an order.
 */
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../../src/controller/system-clock.ts';
import { layout } from '../../src/model/layout.ts';
import type { LaunchSpec } from '../../src/ports/processes.ts';
import { createProcesses } from '../../src/supervise/processes.ts';

const [directory = '', stackId = '', options = '{}', launch = '{}', then] = process.argv.slice(2);
const spec: LaunchSpec = JSON.parse(launch);
const turn = () => new Promise(setImmediate);
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);

const processes = createProcesses({
  layout: layout(directory),
  stackId,
  clock: systemClock(),
  ...JSON.parse(options),
});
processes.onExit((instance, exit) => say({ kind: 'exit', instance, exit }));
for (const result of await processes.adopt()) say(result);
if (processes.running(spec.instance) === null) {
  const prepared = await processes.prepare(spec);
  const running = await prepared.go();
  say({ kind: 'started', running });
}
if (then === 'order') {
  while (processes.order(spec.instance) !== 'possible') await setTimeout(5);
  processes.giveOrder(spec.instance);
  say({ kind: 'ordered' });
}
if (then === 'stop') {
  // A shell has set its traps when it has told who it is.
  while (spec.argv.join(' ').includes('>main') && !existsSync(`${directory}/main`)) await turn();
  await processes.stop(spec.instance, { signal: 'SIGTERM', graceMs: 10_000 });
  say({ kind: 'stopped' });
}
