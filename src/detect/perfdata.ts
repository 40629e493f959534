/**
 * What a Nagios plugin prints: `text | 'label'=value[unit];warn;crit;min;max …`
 * (Monitoring Plugins Development Guidelines, section 2.6). Values come in base units: seconds,
 * bytes, and shares of one for percentages.
 */
export interface PerfValue {
  readonly label: string;
  readonly value: number;
}

const labelsMax = 32;
const factors: Readonly<Record<string, number>> = {
  '': 1,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  ns: 1e-9,
  '%': 0.01,
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
  c: 1,
};

/** The values that can be read, at most 32; a unit that is unknown leaves its value as it is. */
export function parsePerfdata(output: string): PerfValue[] {
  const values: PerfValue[] = [];
  for (const line of output.split('\n')) {
    const bar = line.indexOf('|');
    if (bar === -1) continue;
    const pattern = /(?:'((?:[^']|'')+)'|([^\s='|]+))=(-?[\d.,]+)([A-Za-z%]*)(?:;\S*)?/g;
    for (const [, quoted, plain, digits, unit] of line.slice(bar + 1).matchAll(pattern)) {
      const value = Number((digits ?? '').replace(',', '.')) * (factors[unit ?? ''] ?? 1);
      const label = quoted?.replaceAll("''", "'") ?? plain ?? '';
      if (Number.isFinite(value) && values.length < labelsMax) values.push({ label, value });
    }
  }
  return values;
}

/** The part for a person: the first line that says something, without its perfdata. */
export function pluginText(output: string): string {
  for (const line of output.split('\n')) {
    const text = (line.split('|')[0] ?? '').trim();
    if (text !== '') return text;
  }
  return '';
}
