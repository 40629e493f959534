/** Answers to what people ask: each request is replied to exactly once. */
import type { ErrorCode } from '../model/errors.ts';
import type { ServiceName } from '../model/ids.ts';
import type { Turn } from './turn.ts';

export interface Answer {
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
  readonly message: string;
}

export function done(message: string): Answer {
  return { error: null, message };
}

export function refused(code: ErrorCode, message: string): Answer {
  return { error: { code, message }, message };
}

export function reply(turn: Turn, requestId: string, answer: Answer): void {
  const kind = turn.state.requests[requestId]?.request.kind;
  turn.emit({ kind: 'replied', requestId });
  const { error, message } = answer;
  turn.command({ kind: 'reply', requestId, error, message }, kind === 'down');
}

/** Whoever asked for a switchover of this service is told how it ended. */
export function answerSwitchover(
  turn: Turn,
  service: ServiceName,
  how: { readonly error: string | null; readonly text: string },
): void {
  for (const [id, { request }] of Object.entries(turn.state.requests)) {
    if (request.kind !== 'switchover' || request.service !== service) continue;
    reply(turn, id, how.error === null ? done(how.text) : refused('REFUSED', how.error));
  }
}
