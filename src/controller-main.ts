/**
 * The controller process. Started by the keeper as `controller-main --state-dir DIR --file FILE
 * [--as-of ID] [--starts N]`; it ends with 0 only when it is meant to. The stack file is read for
 * the first controller of an id; without one the keeper stands for it.
 *
 * If somebody waits for N instances to be started, launchers for them are made before anything else
 * is loaded, for that costs by what is loaded. So there are few imports here.
 */
import { parseArgs } from 'node:util';
import { isAsked } from './controller/kept-configuration.ts';
import { DarumaError } from './model/errors.ts';
import { identify } from './ports/process-identity.ts';
import { Blanks } from './supervise/blanks.ts';

const { values } = parseArgs({
  options: {
    'state-dir': { type: 'string' },
    file: { type: 'string' },
    'as-of': { type: 'string' },
    starts: { type: 'string', default: '0' },
  },
});
const keeperId = JSON.stringify(identify(process.ppid));
const { 'state-dir': stateDir, file, 'as-of': asOf = keeperId, starts } = values;
if (stateDir === undefined || file === undefined) {
  throw new DarumaError('BAD_REQUEST', 'controller needs --state-dir and --file');
}
// Those who come after the first one find most of them running.
const blanks = new Blanks(isAsked(stateDir, asOf) ? Number(starts) : 0);
const { runController } = await import('./controller-wiring.ts');
await runController({ stateDir, file, asOf, keeperId }, blanks);
