/** What can be completed, read off commander's own tree of commands; the same for every shell. */
import type { Argument, Command, Help, Option } from 'commander';

/** Names that only a running stack knows. */
export const nameKinds = ['services', 'incidents', 'errors'] as const;
export type NameKind = (typeof nameKinds)[number];

export type Value =
  | { readonly kind: NameKind | 'files' | 'anything' }
  | { readonly kind: 'choices'; readonly choices: readonly string[] };

export interface CompletedOption {
  /** Such as `-d` and `--detach`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Null: it takes none. */
  readonly value: Value | null;
}

/** One command, or the program itself. */
export interface CompletedCommand {
  /** Such as `daruma errors show`. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  readonly values: readonly Value[];
  /** The last value may come again. */
  readonly repeats: boolean;
}

export function completions(program: Command): CompletedCommand[] {
  return below(program, program.name(), []);
}

function below(command: Command, path: string, siblings: readonly string[]): CompletedCommand[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  const values = command.registeredArguments;
  const own = {
    path,
    commands: commands.map((each) => {
      return { name: each.name(), description: help.subcommandDescription(each) };
    }),
    options: options.map((option) => optionOf(option, help)),
    values: values.map((argument) => valueBy(argument, siblings)),
    repeats: values.at(-1)?.variadic === true,
  };
  const names = command.commands.map((each) => each.name());
  return [own, ...commands.flatMap((each) => below(each, `${path} ${each.name()}`, names))];
}

function optionOf(option: Option, help: Help): CompletedOption {
  const { short, long } = option;
  const flags = [short, long].filter((flag) => flag !== undefined);
  const description = help.optionDescription(option);
  if (option.isBoolean() || !(option.required || option.optional)) {
    return { flags, description, value: null };
  }
  const { argChoices: choices } = option;
  const files = /<path>/.test(option.flags);
  const value: Value =
    choices === undefined ? { kind: files ? 'files' : 'anything' } : { kind: 'choices', choices };
  return { flags, description, value };
}

/** What an argument's name says. */
const kindOf: readonly (readonly [RegExp, NameKind | 'files'])[] = [
  [/^service/, 'services'],
  [/^incident$/, 'incidents'],
  [/^id$/, 'errors'],
  [/file|path/i, 'files'],
];

function valueBy(argument: Argument, siblings: readonly string[]): Value {
  const { argChoices: choices } = argument;
  if (choices !== undefined) return { kind: 'choices', choices };
  const name = argument.name();
  // Of commander's own `help [command]`.
  if (name === 'command') return { kind: 'choices', choices: siblings };
  return { kind: kindOf.find(([pattern]) => pattern.test(name))?.[1] ?? 'anything' };
}
