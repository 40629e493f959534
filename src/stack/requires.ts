/** Verifies on this machine what `requires:` says (programs, files, disk space, kernel settings),
 * and that what is to be run is there. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile, statfs } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import type { CommandSpec } from '../model/command-spec.ts';
import type { RequiresSpec, ServiceSpec, StackSpec } from '../model/stack-spec.ts';
import { formatPath, type Path, type Problem } from './problem.ts';
import { findVersion, inRange } from './versions.ts';

/** A program that takes longer to tell its version is not waited for. */
const versionTimeoutMs = 10_000;

type Environment = Readonly<Record<string, string | undefined>>;
/** What is wrong, or null. */
type Verdict = string | null;

interface Where {
  readonly environment: Environment;
  readonly directory: string;
}

/** All that is not met, in the order of the stack file; empty: all is there. */
export async function checkRequirements(
  spec: StackSpec,
  environment: Environment,
): Promise<Problem[]> {
  const where = { environment, directory: spec.directory };
  const checks = [
    ...checksOf(['requires'], spec.requires, where),
    ...spec.services.flatMap(({ name, requires }) =>
      checksOf(['services', name, 'requires'], requires, where),
    ),
  ];
  const problems = await Promise.all(
    checks.map(async ([path, verdict]) => {
      const message = await verdict;
      return message === null ? [] : [problem(spec.file, path, message)];
    }),
  );
  return problems.flat();
}

/** Commands that are to be run and can't be here: their program or directory is missing. What only
 * an instance knows, such as a program within a variable of its own, is not looked at. */
export async function checkCommands(spec: StackSpec, environment: Environment): Promise<Problem[]> {
  const checks = spec.services.flatMap((service) =>
    commandsOf(spec, service).map(async ([key, { argv }]) => {
      const message = await checkCommand(argv[0] ?? '', service, environment);
      const path = ['services', service.name, ...key];
      return message === null ? [] : [problem(spec.file, path, message)];
    }),
  );
  return (await Promise.all(checks)).flat();
}

function commandsOf(spec: StackSpec, service: ServiceSpec): [Path, CommandSpec][] {
  const { start = null, stop = null, status = null } = service.external ?? {};
  const asked: [Path, CommandSpec | null][] = [[['external', 'status'], status]];
  const acting: [Path, CommandSpec | null][] = [
    [['command'], service.command],
    [['external', 'start'], start],
    [['external', 'stop'], stop],
  ];
  const observed = spec.mode === 'observe' || service.mode === 'observe';
  const all = observed ? asked : [...acting, ...asked];
  return all.flatMap(([path, one]) => (one === null ? [] : [[path, one] as [Path, CommandSpec]]));
}

async function checkCommand(
  program: string,
  { workingDir, environment: own }: ServiceSpec,
  environment: Environment,
): Promise<Verdict> {
  const searched = own['PATH'] ?? environment['PATH'];
  if (searched === undefined) return null;
  if ([program, workingDir, searched].some((text) => text.includes('${'))) return null;
  if ((await accessError(workingDir, constants.F_OK)) !== null)
    return `there is no directory ${workingDir} to run it in`;
  const where = { directory: workingDir, environment: { PATH: searched } };
  if ((await findProgram(program, where)) !== null) return null;
  return program.includes('/')
    ? `there is no program ${resolve(workingDir, program)}, or no right to run it`
    : `there is no program \`${program}\` on the PATH`;
}

function problem(file: string, path: Path, message: string): Problem {
  const nowhere = { line: null, column: null, expected: null, found: null, hint: null };
  return { file, path: formatPath(path), message, ...nowhere };
}

function checksOf(path: Path, requires: RequiresSpec, where: Where): [Path, Promise<Verdict>][] {
  return [
    ...requires.programs.map(at([...path, 'programs'], (one) => checkProgram(one, where))),
    ...requires.files.map(at([...path, 'files'], checkFile)),
    ...requires.disk.map(at([...path, 'disk'], checkDisk)),
    ...requires.kernel.map(at([...path, 'kernel'], checkKernel)),
  ];
}

function at<T>(path: Path, check: (item: T) => Promise<Verdict>) {
  return (item: T, index: number): [Path, Promise<Verdict>] => [[...path, index], check(item)];
}

async function checkProgram(
  program: RequiresSpec['programs'][number],
  where: Where,
): Promise<Verdict> {
  const file = await findProgram(program.name, where);
  if (file === null) return `there is no program \`${program.name}\` on the PATH`;
  if (program.version === null) return null;
  const output = await run(file, program.versionArgs, where.environment);
  if (!output.ok) return `\`${program.name}\` doesn’t tell its version: ${output.text}`;
  const version = findVersion(output.text);
  if (version === null) return `\`${program.name}\` doesn’t tell its version`;
  if (inRange(version, program.version)) return null;
  return `\`${program.name}\` ${program.version} is needed, ${version} is there (${file})`;
}

async function findProgram(name: string, where: Where): Promise<string | null> {
  const directories = (where.environment['PATH'] ?? '')
    .split(delimiter)
    .filter((one) => one !== '');
  const candidates = name.includes('/')
    ? [resolve(where.directory, name)]
    : directories.map((directory) => join(directory, name));
  for (const candidate of candidates) {
    if ((await accessError(candidate, constants.X_OK)) === null) return candidate;
  }
  return null;
}

function run(
  file: string,
  args: readonly string[],
  environment: Environment,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const options = {
    env: { ...environment },
    timeout: versionTimeoutMs,
    killSignal: 'SIGKILL',
  } as const;
  return new Promise((settle) => {
    // Some programs print their version and exit with another code than 0.
    execFile(file, args, options, (error, stdout, stderr) => {
      if (error?.killed === true) settle({ ok: false, text: 'it took too long' });
      else if (error !== null && typeof error.code === 'string') {
        settle({ ok: false, text: error.message });
      } else settle({ ok: true, text: `${stdout}\n${stderr}` });
    });
  });
}

async function accessError(path: string, mode: number): Promise<NodeJS.ErrnoException | null> {
  try {
    await access(path, mode);
    return null;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

const accessModes = {
  read: constants.R_OK,
  write: constants.W_OK,
  execute: constants.X_OK,
} as const;

async function checkFile({ path, access: mode }: RequiresSpec['files'][number]): Promise<Verdict> {
  const error = await accessError(path, accessModes[mode]);
  if (error === null) return null;
  return error.code === 'ENOENT' ? `there is no ${path}` : `no right to ${mode} ${path}`;
}

async function checkDisk({ path, freeBytes }: RequiresSpec['disk'][number]): Promise<Verdict> {
  try {
    const { bavail, bsize } = await statfs(path);
    const free = bavail * bsize;
    if (free >= freeBytes) return null;
    return `${inUnits(freeBytes)} must be free at ${path}, ${inUnits(free)} is`;
  } catch (error) {
    return `the free space at ${path} can’t be read: ${(error as Error).message}`;
  }
}

function inUnits(bytes: number): string {
  return bytes >= 2 ** 30
    ? `${(bytes / 2 ** 30).toFixed(1)} GiB`
    : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

async function checkKernel(setting: RequiresSpec['kernel'][number]): Promise<Verdict> {
  const file = join('/proc/sys', setting.name.replaceAll('.', '/'));
  let value: string;
  try {
    value = (await readFile(file, 'utf8')).trim();
  } catch {
    return `there is no kernel setting ${setting.name}`;
  }
  if (setting.atLeast !== null && !(Number(value.split(/\s+/)[0]) >= setting.atLeast)) {
    return `${setting.name} must be at least ${setting.atLeast}, it is ${value}`;
  }
  if (setting.equals !== null && value.replaceAll(/\s+/g, ' ') !== setting.equals) {
    return `${setting.name} must be ${setting.equals}, it is ${value}`;
  }
  return null;
}
