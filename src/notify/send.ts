/** Sends one message once, whatever kind of target it goes to. */
import { errorInfo } from '../model/errors.ts';
import type { NotifyTarget } from '../model/notify-spec.ts';
import { sendAlerts } from './alertmanager.ts';
import type { Letter } from './body.ts';
import { type CommandSurroundings, runCommand } from './command.ts';
import { sendEmail } from './email.ts';
import { type Failure, failure } from './failure.ts';
import { sendEvents } from './pagerduty.ts';
import type { Limits, Sending } from './sending.ts';
import { sendWebhook } from './webhook.ts';

/** Null: it was accepted. Never rejects. */
export async function send(
  sending: Sending,
  surroundings: CommandSurroundings,
  target: NotifyTarget,
  letter: Letter,
  limits: Limits,
): Promise<Failure | null> {
  try {
    switch (target.kind) {
      case 'webhook':
        return await sendWebhook(sending, target, letter, limits);
      case 'command':
        return await runCommand(sending.clock, target, letter, surroundings, limits);
      case 'email':
        return await sendEmail(sending, target, letter, limits);
      case 'alertmanager':
        return await sendAlerts(sending, target, letter, limits);
      case 'pagerduty':
        return await sendEvents(sending, target, letter, limits);
    }
  } catch (error) {
    // Such as a secret whose file isn't there yet.
    return failure(errorInfo(error).message, true);
  }
}
