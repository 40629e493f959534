/** `${PORT}` and the like in strings of the stack file, expanded when an instance starts. */
const placeholder = /\$\{([A-Za-z_][A-Za-z0-9_.-]*)\}/g;

/** Expands each `${name}` by `lookup`; one that it doesn't know (undefined) stays as it is. */
export function expandTemplate(
  template: string,
  lookup: (name: string) => string | undefined,
): string {
  return template.replace(placeholder, (whole, name: string) => lookup(name) ?? whole);
}

/** The names that a template refers to. */
export function templateNames(template: string): string[] {
  return [...template.matchAll(placeholder)].map((match) => match[1] ?? '');
}
