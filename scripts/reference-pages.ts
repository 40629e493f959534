/** The generated pages of docs/reference, made of what the program itself goes by. */
import type { Command } from 'commander';
import { createProgram } from '../src/cli/index.ts';
import { errorTable } from '../src/model/errors.ts';
import { apiReference } from '../src/server/api/reference.ts';
import { referencePage } from '../src/stack/reference.ts';

/** File name and text of each. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ['stack-file.md', referencePage()],
    ['cli.md', commandsPage()],
    ['errors.md', errorsPage()],
    ['api.md', apiPage()],
  ]);
}

function generatedFrom(source: string): string {
  return `<!-- Generated from ${source} by \`npm run reference\`; changes made here are lost. -->`;
}

function commandsPage(): string {
  const written: string[] = [];
  const out = { write: (text: string) => written.push(text) };
  const program = createProgram('', { out, err: out }, () => async () => undefined);
  // Whatever terminal this is run on.
  program.configureHelp({ ...program.configureHelp(), helpWidth: 120 });
  program.outputHelp();
  return [
    '# The command line',
    generatedFrom('src/cli'),
    'Options of `daruma` itself may be given before or after the command.',
    `\`\`\`text\n${written.join('').trimEnd()}\n\`\`\``,
    ...program.commands.flatMap((command) => commandSection(command, 'daruma')),
    '',
  ].join('\n\n');
}

function commandSection(command: Command, parent: string): string[] {
  const help = command.createHelp();
  const name = `${parent} ${command.name()}`;
  const terms = [
    ...help
      .visibleArguments(command)
      .map((argument) => [help.argumentTerm(argument), help.argumentDescription(argument)]),
    ...help
      .visibleOptions(command)
      .filter(({ long }) => long !== '--help')
      .map((option) => [help.optionTerm(option), help.optionDescription(option)]),
  ];
  const rows = terms.map(([term, text]) => `| \`${term}\` | ${cellText(text ?? '')} |`);
  const usage = help.commandUsage(command).replace(/ \[options\]$/, '');
  return [
    `## \`${name}\``,
    `${sentence(help.commandDescription(command))} \`${usage}\``,
    ...(rows.length === 0 ? [] : [['| | |', '|---|---|', ...rows].join('\n')]),
    ...command.commands.flatMap((inner) => commandSection(inner, name)),
  ];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function cellText(text: string): string {
  return text.replaceAll('|', '\\|');
}

const apiIntroduction = `Whatever the command line does. A running stack serves the same with all shapes as a page to read
(\`/api/docs\`) and as OpenAPI 3.1 (\`/api/openapi.json\`), on \`http://127.0.0.1:7070\` unless the stack file
says otherwise (\`console:\`). How to get in: [accounts](../operating/accounts.md).

Errors are \`application/problem+json\` (RFC 9457): \`title\` says what to do, \`detail\` what is wrong, \`code\`
is one of [these](errors.md). Lists answer \`{ items, next }\`: \`?cursor=NEXT\` is the next page. With an
\`Idempotency-Key\` of one's own making, the same request within a day is carried out once and answered the
same; what was begun by a process that died is not done again, and says so.

Live events (\`GET /api/v1/stream\`, \`text/event-stream\`): \`hello\`, then the whole \`stack\` and all \`services\`,
then what changes: \`record\` (its sequence number is the event's id), \`services\`, \`stack\`, \`incident\`. A browser
comes back by itself, with \`Last-Event-ID\`, and misses none; \`reset\` says that it was away for more than
10,000 records. Who doesn't keep up is cut off and may come back.

\`\`\`console
$ curl -H "authorization: Bearer $TOKEN" http://127.0.0.1:7070/api/v1/services/api
$ curl -X POST -H "authorization: Bearer $TOKEN" -H 'idempotency-key: deploy-17' \\
    http://127.0.0.1:7070/api/v1/services/api/restart
\`\`\``;

function apiPage(): string {
  return [
    '# The API',
    generatedFrom('src/server/api'),
    apiIntroduction,
    ...apiReference(),
    '',
  ].join('\n\n');
}

const errorsIntroduction = `What the command line prints on standard error is a sentence and what to do about it; the exit code
says of which sort it is. The control socket answers with the code, the HTTP status, the message and
what to do, as \`application/problem+json\`. «Again» says whether the same may work later without
anything being changed.`;

function errorsPage(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { exit, status, retryable, todo }]) =>
      `| \`${code}\` | ${exit} | ${status} | ${retryable ? 'yes' : 'no'} | ${cellText(todo)} |`,
  );
  const table = ['| code | exit | HTTP | again | what to do |', '|---|---|---|---|---|', ...rows];
  return [
    '# Errors and exit codes',
    generatedFrom('src/model/errors.ts'),
    errorsIntroduction,
    'Exit code 0: done. A drill ends with 1 when a person is needed, with 7 when time ran out.',
    `${table.join('\n')}\n`,
  ].join('\n\n');
}
