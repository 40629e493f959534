import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { terminated } from './farewell.ts';
import { PostgresSession, type SessionState } from './session.ts';

interface Step {
  readonly step: string;
  readonly state: SessionState;
  /** Base64 of what the client sent, and of all that PostgreSQL 15 then answered. */
  readonly client: string;
  readonly server: string;
}

const recorded = JSON.parse(
  readFileSync(new URL('./sessions.fixture.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, readonly Step[]>>;

const bytes = (base64: string) => Buffer.from(base64, 'base64');

/** A typed message. */
function message(type: string, body = ''): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(Buffer.byteLength(body, 'latin1') + 4, 1);
  return Buffer.concat([head, Buffer.from(body, 'latin1')]);
}

function startup(code: number, body = '', length = 8 + body.length): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(length, 0);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, Buffer.from(body, 'latin1')]);
}

const version3 = 196_608;
const ready = (status = 'I') => message('Z', status);

function started(): PostgresSession {
  const session = new PostgresSession();
  session.fromClient(startup(version3, 'user\0me\0\0'));
  session.fromServer(Buffer.concat([message('R', '\0\0\0\0'), ready()]));
  return session;
}

/** In pieces of the given lengths, over and over. */
function cut(data: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < data.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    pieces.push(data.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

describe('a PostgreSQL session', () => {
  for (const [name, steps] of Object.entries(recorded)) {
    test(`as recorded: ${name}`, () => {
      fc.assert(
        fc.property(lengths, lengths, (ofClient, ofServer) => {
          const session = new PostgresSession();
          for (const { step, state, client, server } of steps) {
            for (const piece of cut(bytes(client), ofClient)) session.fromClient(piece);
            if (state === 'idle' && client !== '' && server !== '') {
              assert.notEqual(session.state, 'idle', `${step}: asked`);
            }
            for (const piece of cut(bytes(server), ofServer)) session.fromServer(piece);
            assert.equal(session.state, state, step);
          }
        }),
      );
    });
  }

  test('is never idle before all of the last answer is there', () => {
    for (const steps of Object.values(recorded)) {
      const session = new PostgresSession();
      for (const { client, server, state } of steps) {
        session.fromClient(bytes(client));
        if (state !== 'idle' || server === '') {
          session.fromServer(bytes(server));
          continue;
        }
        for (const byte of cut(bytes(server), [1])) {
          assert.notEqual(session.state, 'idle');
          session.fromServer(byte);
        }
        assert.equal(session.state, 'idle');
      }
    }
  });

  test('is starting until the first ReadyForQuery, if nothing was asked', () => {
    const session = new PostgresSession();
    assert.equal(session.state, 'starting');
    session.fromClient(startup(version3, 'user\0me\0\0'));
    session.fromServer(message('R', '\0\0\0\x05salt'));
    session.fromClient(message('p', 'md5…'));
    assert.equal(session.state, 'starting');
    session.fromClient(message('Q', 'insert\0'));
    assert.equal(session.state, 'busy', 'a query that does not wait for the start');
    session.fromServer(ready());
    assert.equal(session.state, 'busy');
    session.fromServer(ready());
    assert.equal(session.state, 'idle');
  });

  test('is busy while a message has come in part only', () => {
    const session = started();
    const query = message('Q', 'select 1\0');
    session.fromClient(query.subarray(0, 1));
    assert.equal(session.state, 'busy');
    session.fromClient(query.subarray(1));
    session.fromServer(message('N', 'some notice').subarray(0, 9));
    assert.equal(session.state, 'busy');
    session.fromServer(Buffer.concat([message('N', 'some notice').subarray(9), ready()]));
    assert.equal(session.state, 'idle');
    session.fromServer(message('N', 'x').subarray(0, 3));
    assert.equal(session.state, 'busy', 'our own words may not come in the midst of its');
  });

  test('passes over each Sync within a COPY', () => {
    const session = started();
    session.fromClient(message('Q', 'copy t from stdin\0'));
    session.fromServer(message('G', '\0\0\0'));
    session.fromClient(Buffer.concat([message('d', '1\n'), message('S'), message('d', '2\n')]));
    session.fromClient(message('c'));
    session.fromServer(ready());
    assert.equal(session.state, 'idle');
  });

  test('counts a Sync again after a COPY that failed', () => {
    const session = started();
    const asked = ['P', 'B', 'E', 'H'].map((type) => message(type));
    session.fromClient(Buffer.concat(asked));
    session.fromServer(message('G', '\0\0\0'));
    session.fromClient(message('d', 'not a number\n'));
    session.fromServer(message('E', 'SERROR\0\0'));
    session.fromClient(message('S'));
    assert.equal(session.state, 'busy');
    session.fromServer(ready());
    assert.equal(session.state, 'idle');
  });

  const opaque: Readonly<Record<string, (session: PostgresSession) => void>> = {
    'TLS that was asked for': (session) => {
      session.fromClient(startup(80_877_103));
      session.fromServer(Buffer.from('S'));
    },
    'TLS that was not asked for': (session) =>
      session.fromClient(Buffer.from('16030100c8010000c40303', 'hex')),
    'GSS encryption': (session) => {
      session.fromClient(startup(80_877_104));
      session.fromServer(Buffer.from('G'));
    },
    'who does not wait for the answer about encryption': (session) => {
      session.fromClient(startup(80_877_103));
      session.fromClient(startup(version3, 'user\0me\0\0'));
    },
    'version 2': (session) => session.fromClient(startup(131_072, 'me\0')),
    'a startup packet longer than any': (session) =>
      session.fromClient(startup(version3, '', 10_001)),
    'a message shorter than its own length': (session) => {
      session.fromClient(startup(version3, 'user\0me\0\0'));
      session.fromServer(Buffer.from([0x52, 0, 0, 0, 3]));
    },
    'an unknown message': (session) => {
      session.fromClient(startup(version3, 'user\0me\0\0'));
      session.fromServer(ready());
      session.fromClient(message('!'));
    },
    'an answer that nobody awaits': (session) => {
      session.fromClient(startup(version3, 'user\0me\0\0'));
      session.fromServer(ready());
      session.fromServer(ready());
    },
    'a COPY among what was sent without waiting': (session) => {
      session.fromClient(startup(version3, 'user\0me\0\0'));
      session.fromServer(ready());
      session.fromClient(Buffer.concat([message('Q', 'a\0'), message('Q', 'b\0')]));
      session.fromServer(message('G', '\0\0\0'));
    },
  };
  for (const [name, bringAbout] of Object.entries(opaque)) {
    test(`is opaque: ${name}`, () => {
      const session = new PostgresSession();
      bringAbout(session);
      assert.equal(session.state, 'opaque');
      session.fromClient(message('Q', 'select 1\0'));
      session.fromServer(ready());
      assert.equal(session.state, 'opaque', 'from then on');
    });
  }

  test('may only cancel another', () => {
    const session = new PostgresSession();
    session.fromClient(startup(80_877_102, '\0\0\0\x01\0\0\0\x02'));
    assert.equal(session.state, 'cancels');
  });

  test('takes any bytes', () => {
    const pieces = fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 64 })));
    fc.assert(
      fc.property(fc.boolean(), pieces, (isStarted, all) => {
        const session = isStarted ? started() : new PostgresSession();
        for (const [isClient, piece] of all) {
          if (isClient) session.fromClient(Buffer.from(piece));
          else session.fromServer(Buffer.from(piece));
        }
        assert.ok(session.state.length > 0);
      }),
    );
  });

  test('is told in PostgreSQL’s own words that it is closed', () => {
    assert.equal(terminated[0], 'E'.charCodeAt(0));
    assert.equal(terminated.readInt32BE(1), terminated.length - 1);
    const fields = terminated.subarray(5).toString().split('\0');
    assert.deepEqual(fields.slice(0, 3), ['SFATAL', 'VFATAL', 'C57P01']);
    assert.deepEqual(fields.slice(-2), ['', '']);
  });
});
