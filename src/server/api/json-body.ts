/** Bodies of requests. */
import { DarumaError } from '../../model/errors.ts';

/** What walks through a value afterwards needs stack for each level. */
const depthMax = 64;

/** Undefined for nothing at all. Throws BAD_REQUEST. */
export function jsonBody(text: string): unknown {
  if (text === '') return undefined;
  if (isTooDeep(text)) throw new DarumaError('BAD_REQUEST', 'the body is nested too deeply');
  try {
    return JSON.parse(text);
  } catch {
    throw new DarumaError('BAD_REQUEST', 'the body is no JSON');
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let inText = false;
  for (let index = 0; index < text.length; index += 1) {
    const mark = text[index];
    if (inText) {
      if (mark === '\\') index += 1;
      else if (mark === '"') inText = false;
    } else if (mark === '"') inText = true;
    else if (mark === '[' || mark === '{') depth += 1;
    else if (mark === ']' || mark === '}') depth -= 1;
    if (depth > depthMax) return true;
  }
  return false;
}
