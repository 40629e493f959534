/** Measured values as people read them. */
import type { SignalName } from '../model/sample.ts';

const units = ['', 'Ki', 'Mi', 'Gi', 'Ti'] as const;
const blocks = '▁▂▃▄▅▆▇█';

export function signalText(signal: SignalName, value: number): string {
  if (/^(cpu|pressure\.|host\.cpu)/.test(signal)) return `${(100 * value).toFixed(1)} %`;
  if (/^memory\.|bytes$|^host\.(memory|disk)/.test(signal)) return `${sizeText(value)}B`;
  if (/^io\./.test(signal)) return `${sizeText(value)}B/s`;
  if (/latency|connect$|longest$|^uptime$/.test(signal)) return secondsText(value);
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

/** One character for each of `width` equal parts of the time; a blank: nothing is known of it. */
export function sparkline(
  points: readonly (readonly [number, number])[],
  range: { readonly from: number; readonly to: number },
  width: number,
): string {
  const largest = Math.max(...points.map(([, value]) => value));
  const parts = Array.from({ length: width }, (): number[] => []);
  for (const [at, value] of points) {
    const place = Math.floor(((at - range.from) / (range.to - range.from)) * width);
    parts[Math.min(width - 1, Math.max(0, place))]?.push(value);
  }
  return parts
    .map((values) => (values.length === 0 ? ' ' : block(Math.max(...values), largest)))
    .join('');
}

function block(value: number, largest: number): string {
  const share = largest <= 0 ? 0 : Math.max(0, value) / largest;
  return blocks[Math.min(blocks.length - 1, Math.floor(share * blocks.length))] ?? '';
}

function sizeText(bytes: number): string {
  const power = Math.min(4, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * power);
  return `${power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

function secondsText(seconds: number): string {
  if (seconds >= 10) return `${Math.round(seconds)} s`;
  return seconds >= 1 ? `${seconds.toFixed(1)} s` : `${(seconds * 1_000).toFixed(1)} ms`;
}
