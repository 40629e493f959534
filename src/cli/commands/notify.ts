import type { NotificationTarget, QuietHours } from '../../model/notification.ts';
import type { AddCommand } from '../command.ts';
import type { Session } from '../session.ts';
import { cell, table } from '../table.ts';
import { dateText } from '../time-text.ts';

export const addNotify: AddCommand = ({ program, action }) => {
  const notify = program
    .command('notify')
    .description('list who is told of incidents, and how the last message to each fared')
    .action(
      action(async (session) => {
        const targets = await session.client.notifications();
        if (session.json) session.printJson(targets);
        else if (targets.length === 0) session.print('nobody is told: see `notify:`');
        else session.print(...targetTable(targets, session));
        return 0;
      }),
    );
  notify
    .command('test')
    .argument('[target]', 'its name; without one: everybody')
    .description('send a test message, whatever the hour; fails when one does not arrive')
    .action(
      action(async (session, target?: string) => {
        const { client, user } = session;
        const tested = await client.testNotifications(user, target ?? null);
        if (session.json) session.printJson(tested);
        else if (tested.length === 0) session.print('nobody is told: see `notify:`');
        for (const { target: name, error } of session.json ? [] : tested) {
          session.print(`${name}: ${error === null ? 'arrived' : `did not arrive: ${error}`}`);
        }
        return tested.some(({ error }) => error !== null) ? 1 : 0;
      }),
    );
};

function targetTable(targets: readonly NotificationTarget[], { paint }: Session): string[] {
  const rows = targets.map((target) => [
    cell(target.name),
    cell(target.kind),
    cell(target.to),
    cell(`${target.minSeverity} and worse`),
    cell(target.services?.join(', ') ?? 'all'),
    cell(quietText(target), target.quietHours.some(({ quietNow }) => quietNow) ? 'yellow' : null),
    lastCell(target),
  ]);
  const head = ['NAME', 'KIND', 'TO', 'WHAT', 'SERVICES', 'QUIET HOURS', 'LAST MESSAGE'];
  return table(head, rows, { paint });
}

function quietText({ quietHours, held }: NotificationTarget): string | null {
  const [first] = quietHours;
  if (first === undefined) return null;
  const now = quietHours.some(({ quietNow }) => quietNow) ? `, now: ${held} held back` : '';
  return `${quietHours.map(spanText).join('; ')} ${first.timeZone}${now}`;
}

function spanText({ days, from, to }: QuietHours): string {
  const ranges = (days ?? []).map(([first, last]) => (first === last ? first : `${first}-${last}`));
  return `${days === null ? '' : `${ranges.join(',')} `}${from}–${to}`;
}

function lastCell({ last, waiting }: NotificationTarget) {
  const under = waiting === 0 ? '' : `${waiting} under way; `;
  if (last === null) return cell(`${under}none yet`, 'dim');
  const { at, of, error } = last;
  const how = error === null ? 'arrived' : `failed: ${error}`;
  return cell(`${under}${dateText(at)} ${of} ${how}`, error === null ? null : 'red');
}
