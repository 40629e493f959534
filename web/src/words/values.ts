/** Measured values as people read them. */
const sizes = ['', 'Ki', 'Mi', 'Gi', 'Ti'];

export function valueText(signal: string, value: number): string {
  if (/^(cpu|pressure\.|host\.cpu)/.test(signal))
    return `${Number((100 * value).toPrecision(3))} %`;
  if (/^memory\.|bytes$|^io\.|^host\.(memory|disk)/.test(signal)) return sizeText(value);
  if (/latency|connect$|longest$/.test(signal))
    return `${Number((1_000 * value).toPrecision(3))} ms`;
  return String(Number(value.toPrecision(3)));
}

export function sizeText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 2 ** (10 * power)).toPrecision(3))} ${sizes[power] ?? ''}B`;
}
