/** Which source copies which kind of data; PostgreSQL's is its driver's. */
import type { PointSourceSpec } from '../../model/recovery-point.ts';
import type { PointSource } from '../../ports/vault.ts';
import { commandSource } from './command.ts';
import type { SourceContext } from './context.ts';
import { directorySource } from './directory.ts';
import { sqliteSource } from './sqlite.ts';
import { stateSource } from './state.ts';

export function createSource(
  spec: Exclude<PointSourceSpec, { readonly kind: 'postgres' }>,
  context: SourceContext,
): PointSource {
  switch (spec.kind) {
    case 'directory':
      return directorySource(spec, context);
    case 'sqlite':
      return sqliteSource(spec, context);
    case 'command':
      return commandSource(spec, context);
    case 'state':
      return stateSource(context);
  }
}
