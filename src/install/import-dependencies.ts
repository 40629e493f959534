/** `depends_on`, as far as its conditions can hold. */
import type { ComposeService } from './compose-file.ts';
import type { Converted, Fields, Lost } from './import-parts.ts';

interface Dependency {
  readonly condition?: string | undefined;
  readonly required?: boolean | undefined;
}

export function dependenciesOf({ depends_on: given }: ComposeService): Record<string, Dependency> {
  if (!Array.isArray(given)) return given ?? {};
  return Object.fromEntries(given.map((name) => [name, {}]));
}

const completed = 'service_completed_successfully';

/** Services that another one waits for until they have ended. */
export function waitedFor(services: readonly ComposeService[]): Set<string> {
  const all = services.flatMap((service) => Object.entries(dependenciesOf(service)));
  return new Set(all.filter(([, { condition }]) => condition === completed).map(([name]) => name));
}

/** What became of the other services, by their names in the Compose file. */
export type Known = ReadonlyMap<string, { readonly name: string; readonly fields: Fields }>;

export function toDependencies(service: ComposeService, known: Known): Converted {
  const lost: Lost[] = [];
  const entries = Object.entries(dependenciesOf(service)).flatMap(([original, dependency]) => {
    const other = known.get(original);
    if (other === undefined) {
      lost.push({ field: 'depends_on', value: original, reason: 'it is not in the stack file' });
      return [];
    }
    const { condition = 'service_started', required = true } = dependency;
    if ('restart' in dependency) {
      lost.push({ field: 'depends_on.restart', value: original, reason: null });
    }
    const possible = condition !== 'service_healthy' || hasHealth(other.fields);
    if (!possible) {
      const reason = 'it has no health check here: started is all that is waited for';
      lost.push({ field: 'depends_on', value: original, reason });
    }
    return [{ name: other.name, condition: possible ? condition : 'service_started', required }];
  });
  return { fields: entries.length === 0 ? {} : { depends_on: written(entries) }, lost };
}

interface Entry {
  readonly name: string;
  readonly condition: string;
  readonly required: boolean;
}

function written(entries: readonly Entry[]): unknown {
  const plain = entries.every(({ condition, required }) => {
    return condition === 'service_started' && required;
  });
  if (plain) return entries.map(({ name }) => name);
  return Object.fromEntries(
    entries.map(({ name, condition, required }) => {
      return [name, required ? { condition } : { condition, required }];
    }),
  );
}

/** As the reader of stack files decides it. */
function hasHealth({ healthcheck, endpoint, driver }: Fields): boolean {
  if (typeof healthcheck === 'object' && healthcheck !== null) return !('disable' in healthcheck);
  return driver === 'external' || endpoint !== undefined;
}
