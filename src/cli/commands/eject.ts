/**
 * Writes plain systemd units for what runs now, so that the stack can do without Daruma. Data stays
 * where it is; nothing is stopped or started. Commands and environment are those of the running
 * processes, as the kernel knows them.
 */
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DarumaError, exitCodes } from '../../model/errors.ts';
import { numberOf } from '../../model/ids.ts';
import type { ServiceSpec, StackSpec } from '../../model/stack-spec.ts';
import type { InstanceView, StackView } from '../../model/view.ts';
import type { AddCommand } from '../command.ts';
import { environmentLine, execLine, unitName, unitText } from '../systemd-unit.ts';

interface EjectedFile {
  readonly name: string;
  readonly text: string;
  readonly mode: number;
}

interface Running {
  readonly argv: readonly string[];
  readonly environment: readonly (readonly [string, string])[];
  readonly workingDir: string;
  readonly uid: string;
  readonly gid: string;
}

const proxy = '/usr/lib/systemd/systemd-socket-proxyd';

export const addEject: AddCommand = ({ program, action }) => {
  program
    .command('eject')
    .description('write plain systemd units for the running stack, to do without Daruma')
    .option('--directory <path>', 'where to write them', 'ejected')
    .action(
      action(async (session, options: { readonly directory: string }) => {
        const spec = await session.readStack();
        const view = await session.client.stack();
        const directory = resolve(session.io.cwd, options.directory);
        const files = ejectedFiles(spec, view, directory);
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        for (const { name, text, mode } of files) {
          writeFileSync(join(directory, name), text, { mode });
        }
        const names = files.map(({ name }) => name);
        if (session.json) session.printJson({ directory, files: names });
        else session.print(`wrote to ${directory}:`, ...names.map((name) => `  ${name}`), ...next);
        return exitCodes.ok;
      }),
    );
};

const next = [
  'then: look through them, `daruma down`, copy the units to /etc/systemd/system,',
  'systemctl daemon-reload, and enable them. The .env files hold secrets: keep them 0600.',
];

function ejectedFiles(spec: StackSpec, view: StackView, directory: string): EjectedFile[] {
  return spec.services
    .filter(({ driver }) => driver !== 'external')
    .flatMap((service) => {
      const instances = view.services.find(({ name }) => name === service.name)?.instances ?? [];
      const units = instances.flatMap((each) => instanceFiles(spec, service, each, directory));
      return [...units, ...endpointFiles(spec, service, instances)];
    });
}

function instanceFiles(
  spec: StackSpec,
  service: ServiceSpec,
  { id, pid }: InstanceView,
  directory: string,
): EjectedFile[] {
  const running = pid === null ? null : look(pid);
  if (running === null) {
    throw new DarumaError('REFUSED', `${id} does not run: only what runs can be ejected`);
  }
  const base = unitName(spec.name, service.name, String(numberOf(id)));
  const needed = service.dependsOn.map(
    (each) => `${unitName(spec.name, each.service, '1')}.service`,
  );
  const secret = running.environment.map(([name, value]) => environmentLine(name, value));
  const { memoryBytes, cpus, pids } = service.limits;
  const text = unitText([
    {
      title: 'Unit',
      lines: [
        ['Description', `${spec.name}: ${id}`.replaceAll('%', '%%')],
        ...(needed.length === 0 ? [] : [['After', needed.join(' ')] as const]),
        ...(needed.length === 0 ? [] : [['Wants', needed.join(' ')] as const]),
      ],
    },
    {
      title: 'Service',
      lines: [
        ['ExecStart', execLine(running.argv)],
        ['WorkingDirectory', running.workingDir.replaceAll('%', '%%')],
        ['EnvironmentFile', join(directory, `${base}.env`).replaceAll('%', '%%')],
        ['User', running.uid],
        ['Group', running.gid],
        ['Restart', restartWord(service)],
        ['RestartSec', '1'],
        ['KillSignal', service.stopSignal],
        ['TimeoutStopSec', String(Math.ceil(service.stopGracePeriodMs / 1_000))],
        ...(memoryBytes === null ? [] : [['MemoryMax', String(memoryBytes)] as const]),
        ...(cpus === null ? [] : [['CPUQuota', `${Math.round(cpus * 100)}%`] as const]),
        ...(pids === null ? [] : [['TasksMax', String(pids)] as const]),
      ],
    },
    { title: 'Install', lines: [['WantedBy', 'multi-user.target']] },
  ]);
  return [
    { name: `${base}.service`, text, mode: 0o644 },
    { name: `${base}.env`, text: `${secret.join('\n')}\n`, mode: 0o600 },
  ];
}

function restartWord({ restart }: ServiceSpec): string {
  return restart.policy === 'no' || restart.policy === 'on-failure' ? restart.policy : 'always';
}

/** systemd's own proxy keeps the endpoint's address, to the first instance only. */
function endpointFiles(
  spec: StackSpec,
  { name, endpoint }: ServiceSpec,
  instances: readonly InstanceView[],
): EjectedFile[] {
  const port = instances[0]?.port ?? null;
  if (endpoint === null || port === null || port === endpoint.port) return [];
  const base = unitName(spec.name, name, 'endpoint');
  const address = `${endpoint.host}:${endpoint.port}`;
  const only = 'It leads to the first instance only: for more, put a load balancer here.';
  const socket = unitText([
    { title: 'Socket', lines: [['ListenStream', address]] },
    { title: 'Install', lines: [['WantedBy', 'sockets.target']] },
  ]);
  const notes = instances.length > 1 ? [only] : [];
  const service = unitText([
    {
      title: 'Unit',
      lines: [
        ['Requires', `${base}.socket`],
        ['After', `${base}.socket`],
      ],
    },
    { title: 'Service', lines: [...notes, ['ExecStart', `${proxy} 127.0.0.1:${port}`]] },
  ]);
  return [
    { name: `${base}.socket`, text: socket, mode: 0o644 },
    { name: `${base}.service`, text: service, mode: 0o644 },
  ];
}

/** Null: it has ended. Variables that Daruma marks its instances with are left out. */
function look(pid: number): Running | null {
  try {
    const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8');
    const ids = (title: string): string =>
      new RegExp(`^${title}:\\t(\\d+)`, 'm').exec(read('status'))?.[1] ?? '0';
    const words = read('cmdline').replace(/\0$/, '').split('\0');
    const argv = [readlinkSync(`/proc/${pid}/exe`), ...words.slice(1)];
    const environment = read('environ')
      .split('\0')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const)
      .filter(([name]) => name !== '' && !name.startsWith('DARUMA_'));
    const workingDir = readlinkSync(`/proc/${pid}/cwd`);
    return { argv, environment, workingDir, uid: ids('Uid'), gid: ids('Gid') };
  } catch {
    return null; // Gone, or not ours to read: the caller tells.
  }
}
