import { onUnread } from '../ports/unread-output.ts';

let interrupted: AbortSignal | null = null;

/** A signal that comes with Ctrl-C, when we are asked to end, or when nobody reads us any more. The
 * same for all who ask: a second Ctrl-C ends us. */
export function untilInterrupted(): AbortSignal {
  interrupted ??= listen();
  return interrupted;
}

function listen(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => controller.abort());
  }
  onUnread(() => controller.abort());
  return controller.signal;
}
