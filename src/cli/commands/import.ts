/** Turns a Compose file into a stack file, and says what it could not carry over. */
import { dirname, join, resolve } from 'node:path';
import { type Import, planImport } from '../../install/import.ts';
import { lostLines } from '../../install/import-text.ts';
import { carryOut } from '../../install/plan.ts';
import { thisMachine } from '../../install/this-machine.ts';
import { exitCodes } from '../../model/errors.ts';
import { formatProblem } from '../../stack/problem.ts';
import { readStack } from '../../stack/read.ts';
import type { AddCommand } from '../command.ts';
import type { Session } from '../session.ts';

interface ImportOptions {
  readonly output?: string;
  readonly force?: boolean;
}

export const addImport: AddCommand = ({ program, action }) => {
  program
    .command('import <compose-file>')
    .description('turn a Compose file into a stack file, and list what could not be carried over')
    .option('--output <path>', 'the stack file to write (default: daruma.yaml beside it)')
    .option('--force', 'replace a stack file that is there')
    .action(
      action(async (session, given: string, { output, force }: ImportOptions) => {
        const { cwd, environment } = session.io;
        const file = resolve(cwd, given);
        const target =
          output === undefined ? join(dirname(file), 'daruma.yaml') : resolve(cwd, output);
        const machine = thisMachine(environment['PATH'] ?? '');
        const done = planImport({ file, output: target, machine });
        carryOut(done.plan, { force: force === true });
        if (session.json) session.printJson(asJson(done, target));
        else session.print(`wrote ${target}`, ...summary(done));
        await warnOfProblems(session, target);
        return exitCodes.ok;
      }),
    );
};

function asJson({ services, lost }: Import, file: string): unknown {
  return {
    file,
    services: services.map((each) => ({ name: each.name, place: each.place, lost: each.lost })),
    lost,
  };
}

const places = {
  daruma: 'run by Daruma',
  docker: 'stay in Docker',
  nowhere: 'left out',
} as const;

function summary({ services, lost, plan }: Import): string[] {
  const groups = Object.entries(places).flatMap(([place, title]) => {
    const names = services.filter((each) => each.place === place).map(({ name }) => name);
    return names.length === 0 ? [] : [`${title}: ${names.join(', ')}`];
  });
  const notes = [
    ...lostLines(lost).map((line) => `  ${line}`),
    ...services.flatMap(({ name, lost: own }) => {
      const lines = lostLines(own);
      return lines.length === 0 ? [] : [`  ${name}`, ...lines.map((line) => `    ${line}`)];
    }),
  ];
  return [
    ...groups,
    ...(notes.length === 0 ? ['everything was carried over'] : ['not carried over:', ...notes]),
    'next:',
    ...plan.next.map((line) => `  ${line}`),
  ];
}

/** Such as a variable that must be set, or a file with variables that isn't there. */
async function warnOfProblems(session: Session, file: string): Promise<void> {
  const read = await readStack({ file, environment: session.io.environment });
  const problems = [...(read.ok ? [] : read.problems), ...read.warnings];
  if (problems.length > 0) session.warn(problems.map(formatProblem).join('\n'));
}
