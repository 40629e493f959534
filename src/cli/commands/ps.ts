import type { AddCommand } from '../command.ts';
import { stackHeadline, stackTable } from '../stack-text.ts';

export const addPs: AddCommand = ({ program, action }) => {
  program
    .command('ps')
    .description('show the instances of the stack')
    .action(
      action(async (session) => {
        const view = await session.client.stack();
        if (session.json) session.printJson(view);
        else session.print(stackHeadline(view), '', ...stackTable(view, session.paint));
        return 0;
      }),
    );
};
