/**
 * Keeps log lines: an answer of 200 means that they are on the disk. A line that comes twice (the
 * sender didn't get our answer) is kept once, by its id.
 */
import { mkdir, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Refusal, serve, setting } from './web-server.ts';

const path = setting('SINK_FILE');
await mkdir(dirname(path), { recursive: true, mode: 0o700 });
const known = await readKnown();
const file = await open(path, 'a', 0o600);
let writing: Promise<unknown> = Promise.resolve();

/** A kill may have cut the last line short: its sender got no answer, and sends it again. */
async function readKnown(): Promise<Set<string>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
  const lines = whole.split('\n').filter((line) => line !== '');
  return new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id));
}

interface Line {
  readonly id: string;
}

function toLines(body: unknown): readonly Line[] {
  const valid = (line: unknown) =>
    typeof line === 'object' && line !== null && 'id' in line && typeof line.id === 'string';
  if (Array.isArray(body) && body.every(valid)) return body;
  throw new Refusal(400, 'expected a list of lines, each with an id');
}

/** One write after the other, each on the disk before it counts. */
function keep(lines: readonly Line[]): Promise<number> {
  const turn = writing.then(async () => {
    const fresh = lines.filter(({ id }) => !known.has(id));
    if (fresh.length === 0) return 0;
    await file.appendFile(fresh.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await file.datasync();
    for (const { id } of fresh) known.add(id);
    return fresh.length;
  });
  // The next write is tried whatever became of this one.
  writing = turn.catch(() => undefined);
  return turn;
}

serve(
  Number(setting('PORT')),
  [
    {
      method: 'POST',
      pattern: /^\/lines$/,
      answer: async ({ body }) => ({ kept: await keep(toLines(body)) }),
    },
    {
      method: 'GET',
      pattern: /^\/lines\/([0-9a-f-]{36})$/,
      answer: ({ parameters: [id = ''] }) => ({ known: known.has(id) }),
    },
    { method: 'GET', pattern: /^\/healthz$/, answer: () => ({ status: 'ok', lines: known.size }) },
  ],
  async () => {
    await writing;
    await file.close();
  },
);
