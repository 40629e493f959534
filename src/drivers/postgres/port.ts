import { DarumaError } from '../../model/errors.ts';
import type { DriverContext } from '../../ports/driver.ts';

export function portOf({ service, port }: Pick<DriverContext, 'service' | 'port'>): number {
  if (port !== null) return port;
  throw new DarumaError('START_FAILED', `${service.name} was given no port`);
}
