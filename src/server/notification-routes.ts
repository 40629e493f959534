/** Messages to people, over the API: how they fare, and whether they arrive. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { errorInfo } from '../model/errors.ts';
import type { ControllerApi } from '../ports/controller-api.ts';
import { name } from './schemas.ts';

const testBody = z.strictObject({ by: name, target: name.nullable() });

interface NotificationContext {
  readonly api: ControllerApi;
  readonly log: (text: string) => void;
}

export function addNotificationRoutes(server: FastifyInstance, context: NotificationContext): void {
  const { api, log } = context;
  server.get('/v1/notifications', async () => api.notifications.targets());
  server.post('/v1/notifications/test', async ({ body }) => {
    const { by, target } = testBody.parse(body);
    const tested = api.notifications.test(target);
    // It is tested also while the event log can't be written: that may be what people are told of.
    const text = `tested messages to ${target ?? 'everybody'}`;
    api.request(by, { kind: 'note', text }).catch((error: unknown) => {
      log(`a test of messages is not noted: ${errorInfo(error).message}`);
    });
    return tested;
  });
}
