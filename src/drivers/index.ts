/** The drivers there are, by the names of the stack file. */
import type { DriverName } from '../model/stack-spec.ts';
import type { Driver } from '../ports/driver.ts';
import { externalDriver } from './external.ts';
import { postgresDriver } from './postgres/driver.ts';
import { processDriver } from './process.ts';

export interface DriverOptions {
  /** Where things lie that users other than root must reach: by default `/var/lib/daruma`. */
  readonly sharedDir?: string;
}

export function createDrivers(options: DriverOptions = {}): Readonly<Record<DriverName, Driver>> {
  return {
    process: processDriver,
    external: externalDriver,
    postgres: postgresDriver(options.sharedDir ?? '/var/lib/daruma'),
  };
}
