/** A real drill on the accounts example, as a person at a terminal sees it. */
import { type ExampleOptions, withExample } from './example-stack.ts';

const columns = 96;
const drill = ['drill', 'kill', 'db/1'];

export function drillTranscript(options: ExampleOptions = {}): Promise<string> {
  return withExample(async (call) => {
    const shown = await call(...drill);
    return [`$ daruma ${drill.join(' ')}`, ...shown.trimEnd().split('\n').map(wrapped)].join('\n');
  }, options);
}

/** The transcript without what differs from run to run. */
export function formOf(transcript: string): string {
  return transcript
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\d+(?:\.\d+)? (?:ms|s|min|h)\b(?: \d+ (?:min|s)\b)*/g, 'TIME')
    .replaceAll(', all within TIME', '')
    .replaceAll(/\d+ sent, \d+ failed/g, 'N sent, N failed')
    .replaceAll(/explain i\d+/g, 'explain INCIDENT');
}

/** A README shows no more columns than a terminal. */
function wrapped(line: string): string {
  const indent = `${/^ */.exec(line)?.[0] ?? ''}  `;
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const end = rest.lastIndexOf(' ', columns);
    if (end <= indent.length) break;
    lines.push(rest.slice(0, end));
    rest = indent + rest.slice(end + 1);
  }
  return [...lines, rest].join('\n');
}
