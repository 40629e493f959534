/** Reads a whole request, as a session does, from any pieces. */
import { BodyReader } from './body-reader.ts';
import { HeadParser } from './head-parser.ts';
import { type RequestHead, readRequestHead } from './request-head.ts';

export type Reading =
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'read'; readonly head: RequestHead; readonly body: string; rest: number };

const peer = { address: '192.0.2.1', isLocal: false };

export function read(pieces: readonly Buffer[]): Reading {
  const parser = new HeadParser('request');
  const body = new BodyReader();
  const data: Buffer[] = [];
  let head: RequestHead | null = null;
  for (const [index, piece] of pieces.entries()) {
    let at = 0;
    if (head === null) {
      at = parser.read(piece, 0);
      if (parser.refused !== null) return { kind: 'refused', ...parser.refused };
      if (at < 0) continue;
      const result = readRequestHead(parser, peer);
      if ('status' in result) return { kind: 'refused', ...result };
      head = result;
      body.begin(head.framing);
    }
    at = body.read(piece, at, (one) => data.push(Buffer.from(one)));
    if (at < 0) return { kind: 'refused', status: 400, reason: 'the body is malformed' };
    if (body.isDone) {
      const later = pieces.slice(index + 1).reduce((sum, one) => sum + one.length, 0);
      const text = Buffer.concat(data).toString('latin1');
      return { kind: 'read', head, body: text, rest: piece.length - at + later };
    }
  }
  return { kind: 'incomplete' };
}

export function readText(text: string): Reading {
  return read([Buffer.from(text, 'latin1')]);
}
