import { Attendance } from '../attendance.ts';
import type { AddCommand } from '../command.ts';

export const addAttach: AddCommand = ({ program, action }) => {
  program
    .command('attach')
    .description('watch the running stack, as `up` does (Ctrl-C or d: leave)')
    .action(
      action(async (session) => {
        const { seq } = await session.client.stack();
        const { spec } = await session.client.configuration();
        return await new Attendance(session, spec, { visits: true }).stay(seq);
      }),
    );
};
