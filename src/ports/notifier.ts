/** Tells people. Never blocks, never throws; failures become error records. */
import type { Command } from '../model/command.ts';
import type { IncidentId } from '../model/ids.ts';
import type { NotificationTarget, TestedTarget } from '../model/notification.ts';
import type { NotifySpec } from '../model/notify-spec.ts';

export type Notice = Extract<Command, { readonly kind: 'notify' }>;

export interface Notifier {
  /** `open`: incidents that are not over; of others that somebody was told of, and was not told the
   * end of, as we were killed just then, the end is told now. Absent: nothing is known of that. */
  configure(stack: string, specs: readonly NotifySpec[], open?: ReadonlySet<IncidentId>): void;
  /** One message per incident; a later notice of the same incident updates it. */
  notify(notice: Notice): void;
  /** In the order of the stack file. */
  targets(): readonly NotificationTarget[];
  /** One attempt to each, at once; null: to all. Rejects with NOT_FOUND. */
  test(name: string | null): Promise<readonly TestedTarget[]>;
  close(): Promise<void>;
}
