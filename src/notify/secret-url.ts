/** URLs and headers of webhooks are secrets: who knows them can write into the channel. Pure. */

/** `https://hooks.slack.com/…`: what may be shown of a URL. */
export function shownUrl(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? 'an unreadable URL' : `${parsed.protocol}//${parsed.host}/…`;
}

/** What must not be shown of a request: all of its URL but scheme and host, and its headers. */
export function secretsOf(url: string, headers: Readonly<Record<string, string>>): string[] {
  const parsed = URL.parse(url);
  const target = parsed === null ? undefined : parsed.pathname + parsed.search;
  const parts = [url, parsed?.href, target, parsed?.pathname, parsed?.search, parsed?.hash];
  const credentials = [parsed?.username, parsed?.password];
  // Short ones are words such as `hook`, which would tear holes into what the receiver says.
  const words = [...(parsed?.pathname.split('/') ?? []), ...(parsed?.searchParams.values() ?? [])];
  const tokens = words.filter((part) => part.length > 5);
  return [...parts, ...tokens, ...credentials]
    .filter((part) => part !== undefined)
    .flatMap((part) => [part, decode(part)])
    .concat(Object.values(headers))
    .filter((part) => part.length > 3);
}

/** Takes them out of a text that somebody else made. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .toSorted((a, b) => b.length - a.length)
    .reduce((shown, secret) => shown.replaceAll(secret, '…'), text);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Not percent-encoded after all: then it stands for itself.
    return part;
  }
}
