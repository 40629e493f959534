/** The drivers that a stack needs. */
import type { DriverName, ServiceSpec } from '../model/stack-spec.ts';
import type { Driver } from '../ports/driver.ts';
import { externalDriver } from './external.ts';
import { processDriver } from './process.ts';

/** That of PostgreSQL is a third of what a controller would load, and so is left out where no
 * service has it. */
export async function neededDrivers(
  services: readonly ServiceSpec[],
): Promise<Readonly<Partial<Record<DriverName, Driver>>>> {
  if (services.some(({ driver }) => driver === 'postgres')) {
    const { createDrivers } = await import('./index.ts');
    return createDrivers();
  }
  return { process: processDriver, external: externalDriver };
}
