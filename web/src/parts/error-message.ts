/** What an error says. */
import type { ErrorRecord } from '../../../src/model/error-record.ts';
import type { Tell } from '../words/words.ts';

/** What programs say stays as they said it. */
export function messageOf(
  { message, source }: Pick<ErrorRecord, 'message' | 'source'>,
  tell: Tell,
): string {
  return source === 'application' || source === 'log' ? message : tell(message);
}
