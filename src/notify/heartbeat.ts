/** Fetches a URL at a fixed rate while we live, so that its owner notices when we don't. */
import type { Clock } from '../ports/clock.ts';
import { request } from './http.ts';
import { shownUrl } from './secret-url.ts';

export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly url: string;
  readonly intervalMs: number;
  /** Each fetch may take so long, or an interval if that is shorter. */
  readonly timeoutMs: number;
  /** Once for each row of failures. */
  readonly onFailure: (text: string) => void;
}

/** Begins at once; returns how to end it. */
export function startHeartbeat(options: HeartbeatOptions): () => void {
  const { clock, url, intervalMs, onFailure } = options;
  const ended = new AbortController();
  let failing = false;
  let cancel = (): void => undefined;

  const beat = async (): Promise<void> => {
    const timeoutMs = Math.min(intervalMs, options.timeoutMs);
    const asked = { method: 'GET', url, headers: {}, body: null, timeoutMs } as const;
    const answer = await request(clock, { ...asked, signal: ended.signal });
    if (ended.signal.aborted) return;
    const ok = answer.kind === 'answered' && answer.status >= 200 && answer.status < 300;
    const reason = answer.kind === 'answered' ? `answered ${answer.status}` : answer.reason;
    if (!ok && !failing) onFailure(`heartbeat to ${shownUrl(url)} failed: ${reason}`);
    failing = !ok;
  };
  const schedule = (): void => {
    cancel = clock.after(intervalMs, schedule);
    void beat();
  };
  schedule();
  return () => {
    cancel();
    ended.abort();
  };
}
