/** Units for systemd, as text. Pure. */

export interface UnitSection {
  readonly title: string;
  /** Without a value: a comment. */
  readonly lines: readonly (readonly [string, string] | string)[];
}

export function unitText(sections: readonly UnitSection[]): string {
  return sections
    .map(({ title, lines }) => {
      const texts = lines.map((line) => (typeof line === 'string' ? `# ${line}` : line.join('=')));
      return `[${title}]\n${texts.join('\n')}\n`;
    })
    .join('\n');
}

/** An argument vector as systemd reads it back. */
export function execLine(argv: readonly string[]): string {
  return argv.map((word) => escaped(word).replaceAll('$', '$$$$')).join(' ');
}

/** A word with specifiers and quotes made harmless. */
export function escaped(word: string): string {
  const text = word.replaceAll('\\', '\\\\').replaceAll('%', '%%').replaceAll('"', '\\"');
  const whole = text.replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  return /^[\w@%+=:,./-]+$/.test(whole) ? whole : `"${whole}"`;
}

/** A line of an EnvironmentFile; there, specifiers mean nothing and newlines are kept in quotes. */
export function environmentLine(name: string, value: string): string {
  const quoted = value.replaceAll(/["\\`$]/g, '\\$&');
  return `${name}="${quoted}"`;
}

/** A name that a unit may have. */
export function unitName(...parts: readonly string[]): string {
  return parts.join('-').replaceAll(/[^\w:.-]/g, '_');
}
