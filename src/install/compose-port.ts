/** An entry of a Compose service's `ports`. */
import { z } from 'zod';

export interface ComposePort {
  /** Address of the machine that is bound; null: any. */
  readonly address: string | null;
  /** On the machine; may be a variable. */
  readonly published: string;
  /** In the container; may be a variable. */
  readonly target: string;
}

const longForm = z.looseObject({
  target: z.coerce.string(),
  published: z.coerce.string(),
  host_ip: z.string().optional(),
  protocol: z.string().optional(),
});

/** `8080:80`, `127.0.0.1:8080:80/tcp`, `{ published, target }`; null: one that can't be an endpoint
 * (a range, UDP, a port that Docker chooses). */
export function composePort(given: unknown): ComposePort | null {
  const asMap = longForm.safeParse(given);
  if (!asMap.success) return shortForm(String(given));
  const { target, published, host_ip: address, protocol = 'tcp' } = asMap.data;
  return protocol === 'tcp' && isOne(published) && isOne(target)
    ? { address: address ?? null, published, target }
    : null;
}

function shortForm(text: string): ComposePort | null {
  const [target, published, ...before] = parts(text.replace(/\/tcp$/, '')).reverse();
  if (target === undefined || published === undefined) return null;
  if (!isOne(target) || !isOne(published)) return null;
  return { address: before.length === 0 ? null : before.reverse().join(':'), published, target };
}

/** Split at colons, but not within `${…}` or `[…]`. */
function parts(text: string): string[] {
  return text.match(/(?:\$\{[^}]*\}|\[[^\]]*\]|[^:])+/g) ?? [];
}

function isOne(port: string): boolean {
  return /^(?:\d{1,5}|\$\{[^}]+\}|\$\w+)$/.test(port);
}

const anyAddress: readonly (string | null)[] = [null, '0.0.0.0', '[::]', '::'];

/** Where clients on this machine reach it: `8080` or `10.0.0.1:8080`. */
export function reachedAt({ address, published }: ComposePort): string {
  const near = anyAddress.includes(address) || address === '127.0.0.1';
  return near ? published : `${address}:${published}`;
}
