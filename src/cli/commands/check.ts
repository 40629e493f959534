import { exitCodes } from '../../model/errors.ts';
import type { StackSpec } from '../../model/stack-spec.ts';
import { jsonSchema } from '../../stack/json-schema.ts';
import { formatProblem } from '../../stack/problem.ts';
import { readStack } from '../../stack/read.ts';
import { checkCommands, checkRequirements } from '../../stack/requires.ts';
import type { AddCommand } from '../command.ts';
import { ownsEndpoints } from '../running.ts';
import type { Session } from '../session.ts';
import { takenPorts } from '../taken-ports.ts';

export const addCheck: AddCommand = ({ program, action }) => {
  program
    .command('check')
    .description(
      'check the stack file, and whether what it requires and runs is there; starts nothing',
    )
    .action(
      action(async (session) => {
        if (session.json && (await printProblems(session))) return exitCodes.invalidStack;
        const spec = await session.readStack();
        const missing = await whatIsMissing(session, spec);
        const ok = missing.length === 0;
        if (session.json) session.printJson({ file: spec.file, ok, problems: [], missing });
        else session.print(`${spec.file} ${verdict(spec.services.length, ok)}`, ...missing);
        return ok ? exitCodes.ok : exitCodes.requirementUnmet;
      }),
    );
  program
    .command('schema')
    .description('print the JSON Schema of stack files, for editors')
    .action(
      action(async (session) => {
        session.printJson(jsonSchema());
        return exitCodes.ok;
      }),
    );
};

/** For editors and scripts: what is wrong, with its places. False: nothing. */
async function printProblems(session: Session): Promise<boolean> {
  const { file, io } = session;
  const read = await readStack({ file, environment: io.environment });
  if (!read.ok) session.printJson({ file, ok: false, problems: read.problems, missing: [] });
  return !read.ok;
}

async function whatIsMissing(
  { io, stateDir, wiring }: Session,
  spec: StackSpec,
): Promise<readonly string[]> {
  const { environment } = io;
  const unmet = [
    ...(await checkRequirements(spec, environment)),
    ...(await checkCommands(spec, environment)),
  ];
  const taken = ownsEndpoints(stateDir) ? [] : await takenPorts(spec.services, wiring);
  return [...unmet.map(formatProblem), ...taken];
}

function verdict(services: number, ok: boolean): string {
  const count = `${services} service${services === 1 ? '' : 's'}`;
  return ok ? `is right: ${count}` : `is well-formed (${count}), but something is missing:`;
}
