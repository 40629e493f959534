/** Whom the points of a service are encrypted to. */
import type { KeySpec } from '../model/recovery-point.ts';
import type { Place } from '../ports/vault.ts';
import { passphraseRecipients } from './passphrase-keys.ts';

export interface Encryption {
  /** `age1…`; none: in the clear. */
  readonly recipients: readonly string[];
  /** As people know them: a passphrase by its name. Sorted. */
  readonly names: readonly string[];
}

/** Makes the key pairs of passphrases that have none yet. */
export async function encryptionOf(
  keys: readonly KeySpec[],
  places: readonly Place[],
): Promise<Encryption> {
  const recipients = await Promise.all(
    keys.map(async (key) => {
      return key.kind === 'recipient' ? [key.recipient] : passphraseRecipients(key, places);
    }),
  );
  const names = keys.map((key) => (key.kind === 'recipient' ? key.recipient : key.name));
  return { recipients: recipients.flat(), names: names.sort() };
}
