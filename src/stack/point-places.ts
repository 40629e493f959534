/** Where recovery points are kept, and who can read them. */
import { resolve } from 'node:path';
import type { KeySpec, PlaceSpec, SecretSpec } from '../model/recovery-point.ts';
import type { StackDocument } from './document.ts';
import type { Lookup } from './interpolate.ts';
import type { Path } from './problem.ts';
import type { RawKey, RawPlace, RawS3 } from './schema-points.ts';

export interface PointsContext {
  readonly document: StackDocument;
  readonly directory: string;
  readonly lookup: Lookup;
}

export function toPlaces(
  context: PointsContext,
  path: Path,
  raw: readonly RawPlace[] | undefined,
): readonly PlaceSpec[] {
  if (raw === undefined) {
    return [{ name: 'vault', kind: 'directory', path: 'vault', maxBytes: null }];
  }
  if (raw.length === 0) {
    context.document.complain(path, { message: 'expected at least one place, found none' });
  }
  const seen = new Set<string>();
  const places = raw.flatMap((one, index) => {
    const [place] = toPlace(context, [...path, index], one);
    if (place === undefined) return [];
    if (seen.has(place.name)) {
      context.document.complain([...path, index], { message: `${place.name} is given twice` });
    }
    seen.add(place.name);
    return [place];
  });
  return places;
}

function toPlace(context: PointsContext, path: Path, raw: RawPlace): readonly PlaceSpec[] {
  if (typeof raw === 'string') return placeAt(context, path, raw, null);
  const maxBytes = raw.max_size ?? null;
  if ((raw.path === undefined) === (raw.s3 === undefined)) {
    context.document.complain(path, { message: 'expected either `path` or `s3`' });
    return [];
  }
  if (raw.s3 !== undefined) return [s3Place(context, [...path, 's3'], raw.s3, maxBytes)];
  return placeAt(context, [...path, 'path'], raw.path ?? '', maxBytes);
}

function placeAt(
  context: PointsContext,
  path: Path,
  text: string,
  maxBytes: number | null,
): readonly PlaceSpec[] {
  const [, scheme] = /^([a-z][a-z0-9]*):\/\//.exec(text) ?? [];
  if (scheme === undefined) {
    return [{ name: text, kind: 'directory', path: resolve(context.directory, text), maxBytes }];
  }
  const [, bucket, prefix = ''] =
    /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,62})(?:\/(.*))?$/.exec(text) ?? [];
  if (bucket === undefined) {
    const message = `expected a directory or s3://bucket/prefix, found ${JSON.stringify(text)}`;
    context.document.complain(path, { message });
    return [];
  }
  return [s3Place(context, path, { bucket, prefix }, maxBytes)];
}

type S3Given = Pick<RawS3, 'bucket' | 'prefix'> & Partial<RawS3>;

function s3Place(
  context: PointsContext,
  path: Path,
  raw: S3Given,
  maxBytes: number | null,
): PlaceSpec {
  const { lookup } = context;
  const region = raw.region ?? (lookup('AWS_REGION') || 'us-east-1');
  const endpoint =
    raw.endpoint ?? (lookup('AWS_ENDPOINT_URL') || `https://s3.${region}.amazonaws.com`);
  const prefix = raw.prefix.replace(/^\/+|\/+$/g, '');
  return {
    name: `s3://${raw.bucket}${prefix === '' ? '' : `/${prefix}`}`,
    kind: 's3',
    endpoint: endpoint.replace(/\/+$/, ''),
    bucket: raw.bucket,
    prefix,
    region,
    accessKey: toSecret(
      context,
      path,
      raw,
      ['access_key_file', 'access_key_env'],
      'AWS_ACCESS_KEY_ID',
    ),
    secretKey: toSecret(
      context,
      path,
      raw,
      ['secret_key_file', 'secret_key_env'],
      'AWS_SECRET_ACCESS_KEY',
    ),
    maxBytes,
  };
}

function toSecret<T extends string>(
  { document, directory }: PointsContext,
  path: Path,
  raw: { readonly [K in T]?: string | undefined },
  [fileField, nameField]: readonly [T, T],
  otherwise: string,
): SecretSpec {
  const [file, name] = [raw[fileField], raw[nameField]];
  if (file !== undefined && name !== undefined) {
    const message = `there is \`${fileField}\` already`;
    document.complain([...path, nameField], { message });
  }
  if (file !== undefined) return { from: 'file', path: resolve(directory, file) };
  return { from: 'environment', name: name ?? otherwise };
}

export function toKeys(
  context: PointsContext,
  path: Path,
  raw: readonly RawKey[],
): readonly KeySpec[] {
  const keys = raw.flatMap((one, index): readonly KeySpec[] => {
    if (typeof one === 'string') return [{ kind: 'recipient', recipient: one }];
    const here = [...path, index];
    if (one.passphrase_file === undefined && one.passphrase_env === undefined) {
      const message = 'expected `passphrase_file` or `passphrase_env`';
      context.document.complain(here, { message });
      return [];
    }
    const fields = ['passphrase_file', 'passphrase_env'] as const;
    const passphrase = toSecret(context, here, one, fields, '');
    return [{ kind: 'passphrase', name: one.name, passphrase }];
  });
  keys.forEach((one, index) => {
    const same = keys.findIndex((other) => nameOf(other) === nameOf(one));
    if (same === index) return;
    const hint = one.kind === 'passphrase' ? 'give each a `name`' : null;
    context.document.complain([...path, index], { message: `${nameOf(one)} is given twice`, hint });
  });
  return keys;
}

function nameOf(key: KeySpec): string {
  return key.kind === 'recipient' ? key.recipient : key.name;
}

export function checkEncryption(
  document: StackDocument,
  here: Path,
  to: readonly PlaceSpec[],
  encryptTo: readonly KeySpec[],
): void {
  if (encryptTo.length > 0) return;
  const hint = 'say `encrypt_to: [age1…]` or `encrypt_to: [{ passphrase_file: … }]`';
  const remote = to.find(({ kind }) => kind === 's3');
  if (remote === undefined) {
    const message = 'points are not encrypted: who can read their directory can read the data';
    document.warn(here, { message, hint });
  } else {
    const message = `missing: expected \`encrypt_to\`, as ${remote.name} is elsewhere`;
    document.complain(here, { message, hint });
  }
}
