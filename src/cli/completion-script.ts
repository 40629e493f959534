/**
 * The scripts of `daruma completion`. Each holds the whole tree of commands, so that only names of
 * a running stack (services, incidents, errors) are asked for, by `daruma completion … --names`.
 *
 * The walk is the same in all three: along the words before the cursor to the command meant (`here`
 * tells what can follow), past options and their values, counting its arguments.
 */
import type { CompletedCommand, CompletedOption, Value } from './completion.ts';
import { bashWalk } from './completion-bash.ts';
import { fishWalk } from './completion-fish.ts';
import { zshWalk } from './completion-zsh.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  return dialects[shell](commands);
}

const dialects: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = {
  bash: (commands) => bashWalk(commands.map(bashCase).join('\n')),
  zsh: (commands) => zshWalk(commands.map(zshCase).join('\n')),
  fish: (commands) => fishWalk(commands.map(fishCase).join('\n')),
};

function bashCase({ path, commands, options, values, repeats }: CompletedCommand): string {
  const lines = {
    subcommands: commands.map(({ name }) => name),
    switches: options.flatMap(({ flags }) => flags),
    valued: valued(options),
    values: values.map(word),
    repeats: repeats ? ['yes'] : [],
  };
  const set = Object.entries(lines).map(
    ([name, list]) => `      ${name}=${quoted(list.join(' '))}`,
  );
  return `    ${quoted(path)})\n${set.join('\n')}\n      ;;`;
}

function zshCase({ path, commands, options, values, repeats }: CompletedCommand): string {
  const lines = {
    subcommands: commands.map(({ name, description }) => `${name}:${description}`),
    switches: options.flatMap(({ flags, description }) => {
      return flags.map((flag) => `${flag}:${description}`);
    }),
    valued: valued(options),
    values: values.map(word),
  };
  const set = Object.entries(lines).map(([name, list]) => {
    return `      ${name}=(${list.map(quoted).join(' ')})`;
  });
  return `    (${quoted(path)})\n${set.join('\n')}\n      repeats=${repeats ? 'yes' : ''}\n      ;;`;
}

function fishCase({ path, commands, options, values, repeats }: CompletedCommand): string {
  const described = (name: string, description: string) =>
    `${fishQuoted(name)}\\t${fishQuoted(description)}`;
  const lines = {
    subcommands: commands.map(({ name, description }) => described(name, description)),
    switches: options.flatMap(({ flags, description }) => {
      return flags.map((flag) => described(flag, description));
    }),
    valued: valued(options).map(fishQuoted),
    values: values.map((value) => fishQuoted(word(value))),
    repeats: repeats ? ['yes'] : [],
  };
  const set = Object.entries(lines).map(([name, list]) => `      set ${name} ${list.join(' ')}`);
  return `    case ${fishQuoted(path)}\n${set.map((line) => line.trimEnd()).join('\n')}`;
}

/** `--file=files`; options without a value are left out. */
function valued(options: readonly CompletedOption[]): string[] {
  return options.flatMap(({ flags, value }) => {
    return value === null ? [] : flags.map((flag) => `${flag}=${word(value)}`);
  });
}

function word(value: Value): string {
  return value.kind === 'choices' ? `choices:${value.choices.join(',')}` : value.kind;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
