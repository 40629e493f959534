/**
 * Whom a point is encrypted to, and the keys that open it: age's, made and opened by
 * `age-encryption`. Only public halves are needed to make a point.
 */
import { readFile } from 'node:fs/promises';
import { Decrypter, Encrypter, identityToRecipient } from 'age-encryption';
import { DarumaError } from '../model/errors.ts';
import type { AgeHeader } from './archive/age.ts';

/** A new file key, and the header that holds it for each recipient (`age1…`). */
export async function newHeader(recipients: readonly string[]): Promise<AgeHeader> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) addRecipient(encrypter, recipient);
  let fileKey: Uint8Array | null = null;
  // Is told the file's key, and adds nothing to the header.
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = key.slice();
      return [];
    },
  });
  const file = Buffer.from(await encrypter.encrypt(''));
  const end = file.indexOf('\n', file.indexOf('\n--- ') + 1) + 1;
  if (fileKey === null) throw new Error('age-encryption told no file key');
  return { header: file.subarray(0, end), fileKey };
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
  try {
    encrypter.addRecipient(recipient);
  } catch (cause) {
    throw new DarumaError('KEY_WRONG', `${recipient} is no age recipient`, { cause });
  }
}

/** Private keys. They can't be read out of it, so that none gets into a log by mistake. */
export class Identities {
  readonly #decrypter = new Decrypter();
  /** Their public halves. */
  readonly recipients: readonly string[];

  private constructor(secrets: readonly string[], recipients: readonly string[]) {
    for (const secret of secrets) this.#decrypter.addIdentity(secret);
    this.recipients = recipients;
  }

  /** Rejects with KEY_MISSING when there is none, or something else. `of` says whence they are. */
  static async from(secrets: readonly string[], of: string): Promise<Identities> {
    if (secrets.length === 0) throw new DarumaError('KEY_MISSING', `${of} holds no private key`);
    try {
      return new Identities(secrets, await Promise.all(secrets.map(identityToRecipient)));
    } catch {
      // The error's text could hold a part of the key.
      throw new DarumaError('KEY_MISSING', `${of} holds something that is no age identity`);
    }
  }

  /** Null: none of them opens it, or the header is damaged. */
  async fileKey(header: Uint8Array): Promise<Uint8Array | null> {
    try {
      return await this.#decrypter.decryptHeader(header);
    } catch {
      // age-encryption tells a wrong key from a damaged header by text only; the digest of the
      // whole file, which the caller knows, tells for certain.
      return null;
    }
  }
}

/**
 * Of a file as `age-keygen` writes it: `AGE-SECRET-KEY-1…` by line, comments with `#`.
 * Rejects with KEY_MISSING.
 */
export async function readIdentities(file: string): Promise<Identities> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new DarumaError('KEY_MISSING', `the file with the private keys can't be read`, { cause });
  }
  return parseIdentities(text, file);
}

/** As `readIdentities`, of its text. */
export function parseIdentities(text: string, of: string): Promise<Identities> {
  const lines = text.split('\n').map((line) => line.trim());
  return Identities.from(
    lines.filter((line) => line !== '' && !line.startsWith('#')),
    of,
  );
}
