/** Tells people. Never blocks, never throws; failures become error records. */
import type { Command } from '../model/command.ts';
import type { NotifySpec } from '../model/stack-spec.ts';

export type Notice = Extract<Command, { readonly kind: 'notify' }>;

export interface Notifier {
  configure(stack: string, specs: readonly NotifySpec[]): void;
  /** One message per incident; a later notice of the same incident updates it. */
  notify(notice: Notice): void;
  close(): Promise<void>;
}
