/** The part of the schema that is about the console, and what the rest of Daruma makes of it. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { type ConsoleSpec, defaultConsole, isLoopback } from '../model/console-spec.ts';
import type { StackDocument } from './document.ts';
import { closed, described, either, expecting, matching, text, whole, yesOrNo } from './leaves.ts';

const address = either(
  [
    whole(1, 65_535),
    matching(
      /^(localhost|(\d{1,3}\.){3}\d{1,3}|\[[0-9a-fA-F:.]+\]):\d{1,5}$/,
      'a numeric address and a port such as 127.0.0.1:7070',
    ),
  ],
  'a port, or a numeric address and a port such as 127.0.0.1:7070',
);

const settings = closed({
  address: described(
    address.optional(),
    'Where it listens. Default: 127.0.0.1:7070, or the next port that is free.',
  ),
  tls: described(
    closed({
      cert: described(text('a path'), 'Certificate chain, PEM.'),
      key: described(text('a path'), 'Private key, PEM.'),
    }).optional(),
    'Files for HTTPS. They are read when the API process starts.',
  ),
  insecure: described(
    yesOrNo().prefault(false),
    'true: plain HTTP on other addresses than loopback is what is wanted.',
  ),
  register: described(
    yesOrNo().prefault(false),
    'true: whoever gets there may make an account, as a viewer.',
  ),
});

const off = expecting(z.literal(false, 'false'), 'false');

export const console = either([off, settings], 'false, or a map');

type RawConsole = z.output<typeof console>;

/** Undefined: the file says nothing of it. */
export function toConsole(
  document: StackDocument,
  raw: RawConsole | undefined,
  directory: string,
): ConsoleSpec | null | undefined {
  if (raw === undefined) return undefined;
  if (raw === false) return null;
  const place = raw.address === undefined ? defaultConsole : placeOf(raw.address);
  const tls =
    raw.tls === undefined
      ? null
      : { cert: resolve(directory, raw.tls.cert), key: resolve(directory, raw.tls.key) };
  const spec = {
    host: place.host,
    port: place.port,
    orNext: raw.address === undefined,
    tls,
    insecure: raw.insecure,
    register: raw.register,
  };
  if (!isLoopback(spec.host) && tls === null && !spec.insecure) {
    document.complain(['console'], {
      message: `plain HTTP on ${spec.host} would show passwords to the network`,
      hint: 'give `tls: { cert, key }`, or say `insecure: true`',
    });
  }
  return spec;
}

function placeOf(address: string | number): { readonly host: string; readonly port: number } {
  if (typeof address === 'number') return { host: defaultConsole.host, port: address };
  const colon = address.lastIndexOf(':');
  const name = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const host = name === 'localhost' ? defaultConsole.host : name;
  return { host, port: Number(address.slice(colon + 1)) };
}
