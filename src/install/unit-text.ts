/** Text of systemd units and of the environment files beside them. */

export interface UnitSection {
  readonly title: 'Unit' | 'Service' | 'Socket' | 'Install';
  /** Pairs of name and value; a text alone is a comment. */
  readonly lines: readonly (readonly [name: string, value: string] | string)[];
}

export function unitText(sections: readonly UnitSection[]): string {
  return sections
    .map(({ title, lines }) => {
      const texts = lines.map((line) => (typeof line === 'string' ? `# ${line}` : line.join('=')));
      return [`[${title}]`, ...texts, ''].join('\n');
    })
    .join('\n');
}

/** A value in which `%` begins no specifier. */
export function plain(text: string): string {
  return text.replaceAll('%', '%%');
}

/** An argument vector as `ExecStart=` and the like read it back: no variable, no specifier. */
export function execLine(argv: readonly string[]): string {
  return argv.map((word) => quoted(word.replaceAll('$', '$$$$'))).join(' ');
}

function quoted(word: string): string {
  const text = word.replaceAll('%', '%%');
  if (/^[\w@%+=:,./$-]+$/.test(text)) return text;
  const escaped = text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  return `"${escaped}"`;
}

/** A line of an `EnvironmentFile=`; newlines are kept within the quotes. */
export function environmentLine(name: string, value: string): string {
  return `${name}="${value.replaceAll(/["\\`$]/g, '\\$&')}"\n`;
}

/** A name that a unit may have. */
export function unitName(...parts: readonly string[]): string {
  return parts.join('-').replaceAll(/[^\w:.-]/g, '_');
}

/** Whole seconds, rounded up, as systemd reads a number without unit. */
export function seconds(ms: number): string {
  return String(Math.ceil(ms / 1_000));
}
