/** Scripts for shells that complete commands, options, and names of the running stack. */
import { Argument, Option } from 'commander';
import { exitCodes } from '../../model/errors.ts';
import type { AddCommand } from '../command.ts';
import { completions, type NameKind, nameKinds } from '../completion.ts';
import { completionScript, type Shell, shells } from '../completion-script.ts';
import type { ControlClient } from '../control-client.ts';

/** A person waits at the prompt: rather nothing than late. */
const patienceMs = 1_000;
const mostNames = 50;

const howTo = `
In ~/.bashrc:                    source <(daruma completion bash)
In ~/.zshrc, behind compinit:    source <(daruma completion zsh)
In ~/.config/fish/config.fish:   daruma completion fish | source`;

export const addCompletion: AddCommand = ({ program, action }) => {
  program
    .command('completion')
    .description('print a script for your shell that completes commands, options and names')
    .addHelpText('after', howTo)
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addOption(new Option('--names <kind>', 'for the scripts').choices(nameKinds).hideHelp())
    .action(
      action(async (session, shell: Shell, { names }: { readonly names?: NameKind }) => {
        if (names === undefined) {
          session.io.out.write(completionScript(shell, completions(program)));
          return exitCodes.ok;
        }
        setTimeout(() => process.exit(exitCodes.timedOut), patienceMs).unref();
        const found = await namesNow(session.client, names);
        if (found.length > 0) session.print(...found);
        return exitCodes.ok;
      }),
    );
};

/** None while the stack is not running. */
async function namesNow(client: ControlClient, kind: NameKind): Promise<readonly string[]> {
  if ((await client.version()) === null) return [];
  switch (kind) {
    case 'services': {
      const { services } = await client.stack();
      return services.flatMap(({ name, instances }) => [name, ...instances.map(({ id }) => id)]);
    }
    case 'incidents':
      return (await client.incidents(mostNames)).map(({ id }) => id);
    case 'errors':
      return (await client.errors(mostNames)).map(({ id }) => id);
  }
}
