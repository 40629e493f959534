/** Who is told of incidents, and whether messages arrive there. */
import { z } from 'zod';
import type { NotificationTarget, TestedTarget } from '../../model/notification.ts';
import { weekdays } from '../../model/notify-spec.ts';
import type { Parts } from './parts.ts';
import { type Route, route } from './route.ts';
import * as shapes from './shapes.ts';

const tag = 'Notifications';
const targetName = z.string().min(1).max(200);
const day = z.enum(weekdays);
const error = z.string().nullable().describe('Null: it arrived.');

const quietHours = z.strictObject({
  days: z
    .array(z.tuple([day, day]))
    .nullable()
    .describe('First and last; null: every day.'),
  from: z.string(),
  to: z.string(),
  timeZone: z.string(),
  holdCritical: z.boolean(),
  quietNow: z.boolean(),
});

const target = z.strictObject({
  name: targetName,
  kind: z.string().describe('Such as `webhook (slack)`.'),
  to: z.string().describe('Without secrets.'),
  minSeverity: z.enum(['info', 'warning', 'critical']),
  services: z.array(shapes.serviceName).nullable().describe('Null: all.'),
  quietHours: z.array(quietHours).describe('Spans of them; none: it is told at any hour.'),
  held: z.number().describe('Incidents whose message waits for the end of quiet hours.'),
  waiting: z.number().describe('Incidents whose message is under way.'),
  last: z.strictObject({ at: z.number(), of: z.string(), error }).nullable(),
}) satisfies z.ZodType<NotificationTarget>;

const tested = z.strictObject({ target: targetName, error }) satisfies z.ZodType<TestedTarget>;

export function notificationRoutes({ link }: Parts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/notifications',
      access: 'operator',
      summary: 'Who is told of incidents, and how the last message to each fared.',
      tag,
      answer: z.object({ items: z.array(target) }),
      handle: async () => ({ items: await link.notifications() }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/notifications/test',
      access: 'operator',
      acts: true,
      summary:
        'Sends a test message once, whatever the hour. Answered when it arrived, or did not.',
      tag,
      body: z.strictObject({ target: targetName.nullable().describe('Null: to everybody.') }),
      answer: z.object({ items: z.array(tested) }),
      handle: async ({ body, caller }) => ({
        items: await link.testNotifications(caller.by, body.target),
      }),
    }),
  ];
}
