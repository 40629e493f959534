/**
 * Entry of the keeper process:
 * `--state-dir DIR [--hang-ms N] [--version V] [--held JSON [--without-fds]] -- CONTROLLER_ARGV…`
 * `--held`: addresses whose sockets are inherited as file descriptors 3, 4, …
 */
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { errorInfo, exitCodes } from '../model/errors.ts';
import { type Layout, layout as layoutOf } from '../model/layout.ts';
import type { HeldAddress, KeeperCommand } from '../ports/keeper.ts';
import { lockHolder } from '../ports/lock.ts';
import { outliveOutput } from '../ports/own-output.ts';
import { requireWritable } from '../ports/read-only.ts';
import { umaskVariable } from '../ports/umask.ts';
import { begin, inherit } from './beginning.ts';
import { type HeldSocket, inherited } from './held-sockets.ts';
import { Keeper } from './keeper.ts';
import { ownVersion } from './own-version.ts';
import { Systemd } from './systemd.ts';

interface Arguments {
  readonly layout: Layout;
  readonly hangMs: number;
  readonly version: string;
  /** Null: we inherit nothing, and take nobody's place. */
  readonly held: readonly HeldAddress[] | null;
  readonly withFds: boolean;
  readonly command: KeeperCommand;
}

// What Daruma itself writes is for its owner only; instances get the umask that we were given.
process.env[umaskVariable] ??= process.umask(0o077).toString(8);
process.umask(0o077);
process.on('SIGHUP', () => undefined);
outliveOutput();
main(readArguments()).catch((error: unknown) => {
  process.stderr.write(`keeper: ${errorInfo(error).message}\n`);
  process.exit(exitCodes.failed);
});

function readArguments(): Arguments {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'state-dir': { type: 'string' },
      'hang-ms': { type: 'string', default: '5000' },
      version: { type: 'string' },
      held: { type: 'string' },
      'without-fds': { type: 'boolean', default: false },
    },
  });
  const stateDir = values['state-dir'];
  if (stateDir === undefined || positionals.length === 0) {
    throw new Error('usage: --state-dir DIR [--hang-ms N] -- CONTROLLER_ARGV…');
  }
  const own = process.argv[1] ?? '';
  const options = ['--state-dir', stateDir, '--hang-ms', values['hang-ms']];
  if (values.version !== undefined) options.push('--version', values.version);
  return {
    layout: layoutOf(stateDir),
    hangMs: Number(values['hang-ms']),
    version: values.version ?? ownVersion(),
    held: values.held === undefined ? null : (JSON.parse(values.held) as HeldAddress[]),
    withFds: !values['without-fds'],
    command: {
      exec: [process.execPath, ...process.execArgv, own, ...options],
      controller: positionals,
    },
  };
}

async function main(args: Arguments): Promise<void> {
  const { layout, command, version, hangMs, held } = args;
  requireWritable(layout.stateDir);
  mkdirSync(layout.runDir, { recursive: true, mode: 0o700 });
  mkdirSync(layout.logsDir, { recursive: true, mode: 0o700 });
  const begun = held === null ? await begin(layout, command) : await inherit(layout);
  if (begun === 'taken' || begun === 'delegated') {
    await leaveToOther(layout, begun);
    return;
  }
  const addresses = held ?? [];
  const sockets: readonly HeldSocket[] = args.withFds
    ? inherited(addresses)
    : addresses.map((address) => ({ ...address, fd: null, close: () => undefined }));
  const keeper = new Keeper({ layout, command, version, hangMs, sockets, lock: begun });
  process.on('SIGTERM', () => keeper.terminate());
  process.on('SIGINT', () => keeper.terminate());
  await keeper.start();
}

async function leaveToOther(layout: Layout, why: 'taken' | 'delegated'): Promise<void> {
  const holder = lockHolder(layout.keeperLock);
  const systemd = new Systemd((text) => process.stderr.write(`${text}\n`));
  if (holder !== null) await systemd.mainPid(holder.pid);
  // Under systemd the keeper that is there is the one to watch, whoever brought it back.
  if (why === 'delegated' || (holder !== null && systemd.asked)) return;
  const who = holder === null ? 'another process' : `process ${holder.pid}`;
  process.stderr.write(`Daruma runs already in ${layout.stateDir} (${who})\n`);
  process.exitCode = exitCodes.alreadyRunning;
}
