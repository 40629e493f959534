/**
 * Keys that stand for a passphrase: a pair whose public half lies in each place in the clear,
 * `keys/NAME.json`, and whose private half beside it, `keys/NAME.age`, encrypted with the
 * passphrase (scrypt, as `age -p` does it). So a point is made without the passphrase, and whoever
 * knows it needs nothing but the place.
 */
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { DarumaError, errorInfo } from '../model/errors.ts';
import type { KeySpec } from '../model/recovery-point.ts';
import { readSecret } from '../ports/secret.ts';
import type { Place, PlaceError, VaultContext } from '../ports/vault.ts';
import { readCatalogue, readSmall } from './catalogue.ts';
import { type Identities, parseIdentities } from './keys.ts';
import { decodeVouched, encodeVouched } from './vouched-file.ts';

type PassphraseSpec = KeySpec & { readonly kind: 'passphrase' };

interface StoredKey {
  readonly format: 1;
  readonly name: string;
  readonly recipient: string;
  /** Of `keys/NAME.age`. */
  readonly sha256: string;
}

const keyBytesMax = 64 * 1024;

interface KeyFiles {
  readonly key: StoredKey;
  readonly json: Buffer;
  readonly secret: Buffer;
}

/**
 * The public half, of a pair that is made when no place has one; places that lack it are given it.
 * More than one when places disagree: a point is then encrypted to each.
 */
export async function passphraseRecipients(
  spec: PassphraseSpec,
  places: readonly Place[],
): Promise<readonly string[]> {
  const found = await Promise.all(places.map((place) => readKeyFiles(place, spec.name)));
  const files = found.find((each) => each !== null) ?? (await newKeyFiles(spec));
  await Promise.all(
    places.map(async (place, index) => {
      if (found[index] === null) await writeKeyFiles(place, files);
    }),
  );
  return [...new Set([files, ...found].flatMap((each) => each?.key.recipient ?? []))];
}

/**
 * The private keys that `keys/NAME.age` of the places hold.
 * Rejects with KEY_WRONG when the passphrase is another, with KEY_MISSING when no place has it.
 */
export async function unlockIdentities(
  context: VaultContext,
  name: string,
  passphrase: string,
): Promise<Identities> {
  const { listings } = await readCatalogue(context);
  const found = await Promise.all(listings.map(({ place }) => readKeyFiles(place, name)));
  const files = found.filter((each) => each !== null);
  if (files.length === 0) {
    throw new DarumaError('KEY_MISSING', `no place holds keys/${name}.age`);
  }
  const secrets = new Map(files.map(({ secret }) => [hash('sha256', secret), secret]));
  const texts = await Promise.all([...secrets.values()].map((file) => unlock(file, passphrase)));
  const opened = texts.filter((text) => text !== null);
  if (opened.length === 0) {
    throw new DarumaError('KEY_WRONG', `the passphrase does not open keys/${name}.age`);
  }
  return parseIdentities(opened.join('\n'), `keys/${name}.age`);
}

/** What is damaged of the keys in a place. */
export async function verifyKeys(
  place: Place,
  keys: readonly KeySpec[],
): Promise<readonly PlaceError[]> {
  const problems: PlaceError[] = [];
  for (const spec of keys) {
    if (spec.kind !== 'passphrase') continue;
    try {
      await readKeyFiles(place, spec.name);
    } catch (error) {
      problems.push({ place: place.name, key: damagedKey(error, spec), error: errorInfo(error) });
    }
  }
  return problems;
}

function damagedKey(error: unknown, { name }: PassphraseSpec): string {
  const isSecret = error instanceof DarumaError && error.message.includes(secretKey(name));
  return isSecret ? secretKey(name) : publicKey(name);
}

function publicKey(name: string): string {
  return `keys/${name}.json`;
}

function secretKey(name: string): string {
  return `keys/${name}.age`;
}

/** Null: it has none. Rejects with POINT_DAMAGED. */
async function readKeyFiles(place: Place, name: string): Promise<KeyFiles | null> {
  const json = await readOptional(place, publicKey(name));
  if (json === null) return null;
  const key = decodeVouched(json, `${place.name}: ${publicKey(name)}`) as StoredKey;
  const secret = await readOptional(place, secretKey(name));
  if (secret !== null && hash('sha256', secret) === key.sha256) return { key, json, secret };
  const text = `${place.name}: ${secretKey(name)} is not as it was written`;
  throw new DarumaError('POINT_DAMAGED', text);
}

async function readOptional(place: Place, key: string): Promise<Buffer | null> {
  try {
    return await readSmall(await place.read(key), keyBytesMax);
  } catch (error) {
    if (error instanceof DarumaError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

async function newKeyFiles({ name, passphrase }: PassphraseSpec): Promise<KeyFiles> {
  const text = await readSecret(passphrase, `the passphrase ${name}`);
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const encrypter = new Encrypter();
  encrypter.setPassphrase(text);
  const secret = Buffer.from(await encrypter.encrypt(`# public key: ${recipient}\n${identity}\n`));
  const key: StoredKey = { format: 1, name, recipient, sha256: hash('sha256', secret) };
  return { key, json: encodeVouched(key), secret };
}

/** The public half last: without it there is no key. */
async function writeKeyFiles(place: Place, { key, json, secret }: KeyFiles): Promise<void> {
  await place.write(secretKey(key.name), Readable.from([secret]), secret.length);
  await place.write(publicKey(key.name), Readable.from([json]), json.length);
}

async function unlock(file: Buffer, passphrase: string): Promise<string | null> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    return await decrypter.decrypt(file, 'text');
  } catch {
    // The file is sound, its digest says so: it is the passphrase.
    return null;
  }
}
