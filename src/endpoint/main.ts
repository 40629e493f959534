/**
 * Entry of the endpoint process:
 * `--state-dir DIR --version V --held JSON [--copies N] [--without-fds]`
 * `--held`: the addresses to serve, whose bound sockets are file descriptors 3, 4, …; with
 * `--copies`, so many times in a row.
 */
import { parseArgs } from 'node:util';
import { layout as layoutOf } from '../model/layout.ts';
import type { HeldAddress } from '../ports/keeper.ts';
import { outliveOutput } from '../ports/own-output.ts';
import { EndpointServer } from './endpoint-server.ts';

process.umask(0o077);
outliveOutput();
for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => undefined);

const { values } = parseArgs({
  options: {
    'state-dir': { type: 'string' },
    version: { type: 'string', default: '' },
    held: { type: 'string', default: '[]' },
    copies: { type: 'string', default: '1' },
    'without-fds': { type: 'boolean', default: false },
  },
});
const stateDir = values['state-dir'];
if (stateDir === undefined) throw new Error('usage: --state-dir DIR --held JSON');
await new EndpointServer({
  layout: layoutOf(stateDir),
  version: values.version,
  held: JSON.parse(values.held) as HeldAddress[],
  withFds: !values['without-fds'],
  copies: Number(values.copies),
}).start();
