/** A connection string as PostgreSQL's own programs read it, for a server on this machine. */
export function conninfo(parts: Readonly<Record<string, string>>): string {
  return Object.entries({ host: '127.0.0.1', ...parts, sslmode: 'disable' })
    .map(([key, value]) => `${key}='${value.replaceAll(/['\\]/g, '\\$&')}'`)
    .join(' ');
}
