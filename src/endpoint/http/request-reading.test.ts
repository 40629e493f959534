import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type Reading, read, readText } from './reading.fixture.ts';
import { good, wrong } from './requests.fixture.ts';

describe('requests', () => {
  for (const [what, text] of good) {
    test(`with ${what} are read`, () => {
      const reading = readText(text);
      assert.equal(reading.kind, 'read', JSON.stringify(reading));
    });
  }
  for (const [what, status, text] of wrong) {
    test(`with ${what} are refused with ${status}`, () => {
      const reading = readText(text);
      assert.equal(reading.kind === 'refused' ? reading.status : reading.kind, status);
    });
  }

  test('mean the same however they are cut', () => {
    for (const text of [...good.map(([, one]) => one), ...wrong.map(([, , one]) => one)]) {
      if (text.length > 2_000) continue;
      const bytes = Buffer.from(text, 'latin1');
      const whole = read([bytes]);
      const single = [...bytes].map((byte) => Buffer.of(byte));
      assert.deepEqual(withoutRest(read(single)), withoutRest(whole), text);
      for (let cut = 1; cut < bytes.length; cut++) {
        const halves = [bytes.subarray(0, cut), bytes.subarray(cut)];
        assert.deepEqual(read(halves), whole, `${text} cut at ${cut}`);
      }
    }
  });

  test('that are too long are refused by the same limit however they are cut', () => {
    for (const [what, status, text] of wrong.filter(([, , one]) => one.length > 2_000)) {
      for (const size of [1, 1_000, 8_192]) {
        const bytes = Buffer.from(text, 'latin1');
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        const reading = read(pieces);
        assert.equal(reading.kind === 'refused' && reading.status, status, `${what} by ${size}`);
      }
    }
  });
});

function withoutRest(reading: Reading): object {
  return { ...reading, rest: 0 };
}

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const fieldValue = fc.stringMatching(/^[!-~\x80-\xff]([ -~\x80-\xff]{0,20}[!-~\x80-\xff])?$/);
const field = fc
  .tuple(
    token.filter(
      (name) => !/^(content-length|transfer-encoding|host|connection|te|up|ke|ex|pr)/i.test(name),
    ),
    fieldValue,
  )
  .map(([name, value]) => `${name}: ${value}`);
const anyBytes = fc
  .uint8Array({ minLength: 1, maxLength: 20 })
  .map((bytes) => Buffer.from(bytes).toString('latin1'));
const body = fc.oneof(
  fc.constant({ line: '', text: '' }),
  fc.string({ maxLength: 50 }).map((text) => {
    const bytes = Buffer.from(text).toString('latin1');
    return { line: `Content-Length: ${bytes.length}\r\n`, text: bytes };
  }),
  fc.array(anyBytes, { maxLength: 4 }).map((chunks) => ({
    line: 'Transfer-Encoding: chunked\r\n',
    text: `${chunks.map((one) => `${one.length.toString(16)}\r\n${one}\r\n`).join('')}0\r\n\r\n`,
  })),
);
const request = fc
  .record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'),
    target: fc.stringMatching(/^\/[!-"$-~]{0,20}$/),
    minor: fc.constantFrom(0, 1),
    fields: fc.array(field, { maxLength: 6 }),
    body,
  })
  .filter(({ minor, body: { line } }) => minor === 1 || !line.startsWith('Transfer'))
  .map(({ method, target, minor, fields, body: { line, text } }) => {
    const lines = fields.map((one) => `${one}\r\n`).join('');
    return `${method} ${target} HTTP/1.${minor}\r\nHost: a.example\r\n${lines}${line}\r\n${text}`;
  });

interface Understood {
  readonly method: string;
  readonly url: string;
  readonly fields: readonly string[];
  readonly body: string;
}

/** What Node.js's own parser makes of a request; null: it refuses it, or waits for more. */
class NodeParser {
  readonly #server = createServer({ requireHostHeader: false });
  #answer: (understood: Understood | null) => void = () => undefined;

  async open(): Promise<void> {
    this.#server.on('request', (message) => void this.#hear(message));
    this.#server.on('clientError', (_, socket) => {
      socket.destroy();
      this.#answer(null);
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async understand(text: string): Promise<Understood | null> {
    const { promise, resolve } = Promise.withResolvers<Understood | null>();
    this.#answer = resolve;
    const { port } = this.#server.address() as AddressInfo;
    const socket = net.connect(port, '127.0.0.1', () => socket.end(text, 'latin1'));
    socket.on('error', () => resolve(null));
    socket.on('close', () => resolve(null));
    socket.resume();
    return promise.finally(() => socket.destroy());
  }

  async #hear(message: IncomingMessage): Promise<void> {
    const answer = this.#answer;
    const { method = '', url = '', rawHeaders } = message;
    try {
      const chunks: Buffer[] = await message.toArray();
      const text = Buffer.concat(chunks).toString('latin1');
      answer({ method, url, fields: rawHeaders, body: text });
    } catch {
      // It ended before its body did.
      answer(null);
    }
  }
}

/** Of what we would send on, without what we add and what is for one connection only. */
function ours(reading: Reading): Understood | null {
  if (reading.kind !== 'read') return null;
  const { method, text } = reading.head;
  const [first = '', ...lines] = text.split('\r\n').slice(0, -2);
  const fields = lines
    .flatMap((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
    })
    .filter((_, index, all) => isOwn(all[index - (index % 2)] ?? ''))
    // Who names no host in HTTP/1.0 gets an empty one.
    .filter(
      (_, index, all) => index < all.length - 2 || all.at(-2) !== 'Host' || all.at(-1) !== '',
    );
  return { method, url: first.split(' ')[1] ?? '', fields, body: reading.body };
}

function isOwn(name: string): boolean {
  return !/^(x-forwarded-.*|transfer-encoding|connection)$/i.test(name);
}

function theirs(understood: Understood | null): Understood | null {
  if (understood === null) return null;
  const fields = understood.fields.filter((_, index, all) => isOwn(all[index - (index % 2)] ?? ''));
  return { ...understood, fields };
}

describe('beside the parser of Node.js', () => {
  const node = new NodeParser();
  before(() => node.open());
  after(() => node.close());

  test('valid requests are read by both, alike', async () => {
    await fc.assert(
      fc.asyncProperty(request, async (text) => {
        const mine = ours(readText(text));
        assert.notEqual(mine, null);
        assert.deepEqual(mine, theirs(await node.understand(text)));
      }),
      { numRuns: 300 },
    );
  });

  test('spoilt requests that are read are read alike', async () => {
    const spoilt = fc
      .tuple(request, fc.nat(), fc.constantFrom('\r', '\n', '\0', ' ', ':', '\t', 'a', ',', '\r\n'))
      .map(([text, at, insert]) => {
        const place = at % text.length;
        return text.slice(0, place) + insert + text.slice(place + (at % 2));
      });
    await fc.assert(
      fc.asyncProperty(spoilt, async (text) => {
        const reading = readText(text);
        // A spoilt method may be one that Node.js doesn't know, and a field one that it treats.
        if (reading.kind !== 'read' || reading.rest > 0) return;
        const understood = theirs(await node.understand(text));
        if (understood !== null) assert.deepEqual(ours(reading), understood);
      }),
      { numRuns: 500 },
    );
  });
});
