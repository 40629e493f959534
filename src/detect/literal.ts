/** Sizes and durations as text, in the units of the stack file. Errors name what was expected. */
const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/** `512MiB`, `64m`, `1.5gb`, `4096` → bytes; units are powers of 1024. */
export function literalBytes(text: string): number {
  const found = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i.exec(text);
  if (found === null) throw new Error(`«${text}» is not a size such as '512MiB'`);
  return Number(found[1]) * (byteUnits[(found[2] ?? '').toLowerCase()] ?? 1);
}

const secondUnits: Readonly<Record<string, number>> = {
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
};

/** `30s`, `1m30s`, `1.5h` → seconds. */
export function literalSeconds(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) {
    throw new Error(`«${text}» is not a duration such as '30s'`);
  }
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    seconds += Number(amount) * (secondUnits[unit ?? ''] ?? 1);
  }
  return seconds;
}
