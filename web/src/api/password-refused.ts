/** Why somebody isn't let in, or keeps the old password. */

import type { Say } from '../words/words.ts';
import { statusOf } from './request.ts';

export function passwordRefused(error: unknown, say: Say): string {
  const status = statusOf(error);
  if (status === 401) return say('wrongPassword');
  if (status === 429) return say('tooManyTries');
  return error instanceof Error ? error.message : String(error);
}
