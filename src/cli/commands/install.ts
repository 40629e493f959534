/** Writes the systemd unit that runs a stack for good. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { exitCodes } from '../../model/errors.ts';
import type { StackSpec } from '../../model/stack-spec.ts';
import type { AddCommand } from '../command.ts';
import type { Session } from '../session.ts';
import { escaped, execLine, unitName, unitText } from '../systemd-unit.ts';

interface InstallOptions {
  readonly print?: boolean;
  readonly directory?: string;
}

const watchdogSeconds = 30;

export const addInstall: AddCommand = ({ program, action }) => {
  program
    .command('install')
    .description('write the systemd unit that runs the stack for good, over reboots too')
    .option('--print', 'print the unit, write nothing')
    .option('--directory <path>', 'where to write it (default: systemd’s, of root or of the user)')
    .action(
      action(async (session, options: InstallOptions) => {
        const spec = await session.readStack();
        const name = `${unitName('daruma', spec.name)}.service`;
        const text = installedUnit(session, spec);
        if (options.print === true) {
          session.io.out.write(text);
          return exitCodes.ok;
        }
        const { directory, systemctl } = destination();
        const target = resolve(session.io.cwd, options.directory ?? directory);
        mkdirSync(target, { recursive: true });
        const path = join(target, name);
        writeFileSync(path, text, { mode: 0o644 });
        if (session.json) session.printJson({ path });
        else session.print(`wrote ${path}`, ...nextSteps(systemctl, name));
        return exitCodes.ok;
      }),
    );
};

function destination(): { readonly directory: string; readonly systemctl: string } {
  return process.getuid?.() === 0
    ? { directory: '/etc/systemd/system', systemctl: 'systemctl' }
    : { directory: join(homedir(), '.config/systemd/user'), systemctl: 'systemctl --user' };
}

function nextSteps(systemctl: string, name: string): string[] {
  const linger = systemctl.includes('--user') ? ['  loginctl enable-linger'] : [];
  return [
    'then:',
    ...linger,
    `  ${systemctl} daemon-reload`,
    `  ${systemctl} enable --now ${name}`,
  ];
}

function installedUnit(session: Session, spec: StackSpec): string {
  const { PATH, LANG } = session.io.environment;
  const environment = Object.entries({ PATH, LANG }).flatMap(([name, value]) =>
    value === undefined ? [] : [['Environment', escaped(`${name}=${value}`)] as const],
  );
  const graceMs = spec.services.reduce((sum, service) => sum + service.stopGracePeriodMs, 0);
  const root = process.getuid?.() === 0;
  return unitText([
    {
      title: 'Unit',
      lines: [
        ['Description', `Daruma: ${spec.name.replaceAll('%', '%%')}`],
        ['After', 'network-online.target'],
        ['Wants', 'network-online.target'],
        ['StartLimitIntervalSec', '0'],
      ],
    },
    {
      title: 'Service',
      lines: [
        ['Type', 'notify'],
        ['NotifyAccess', 'all'],
        ['ExecStart', execLine(session.wiring.keeperArgv(session.place(spec)))],
        ['WorkingDirectory', spec.directory.replaceAll('%', '%%')],
        ...environment,
        ['Restart', 'always'],
        ['RestartSec', '1'],
        ['WatchdogSec', String(watchdogSeconds)],
        'Instances outlive Daruma itself: it adopts them when it is back. When it is asked to stop,',
        'it stops them in reverse order.',
        ['KillMode', 'process'],
        ['Delegate', 'yes'],
        ['TimeoutStopSec', String(Math.ceil(graceMs / 1_000) + 60)],
      ],
    },
    { title: 'Install', lines: [['WantedBy', root ? 'multi-user.target' : 'default.target']] },
  ]);
}
