/** What leads where, as it was written down last. */
import type { Layout } from '../model/layout.ts';
import type { EndpointTable } from '../ports/endpoints.ts';
import { readJsonFile } from '../ports/replace-file.ts';
import type { RoutesFile } from './protocol.ts';

export function readTables(layout: Layout): readonly EndpointTable[] {
  const file = readJsonFile(layout.routesFile) as RoutesFile | null;
  return file?.tables ?? [];
}
