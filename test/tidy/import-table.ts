/** The table in ARCHITECTURE.md that says which room of src may import which. */

/** Room → rooms it may import, itself not named. */
export type ImportTable = ReadonlyMap<string, ReadonlySet<string>>;

export function readImportTable(markdown: string): ImportTable {
  const rows = markdown.split('\n').filter((line) => line.startsWith('|'));
  const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
  const start = cells.findIndex(([, room]) => room === 'room');
  const table = new Map<string, ReadonlySet<string>>();
  for (const [, room = '', , imports = ''] of cells.slice(start + 2)) {
    table.set(room, new Set(imports.split(',').map((name) => name.trim())));
  }
  return table;
}

/** `engine` for `src/engine/step.ts`; null for what lies in no room. */
export function roomOf(path: string): string | null {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}
