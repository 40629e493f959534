/** Endpoints whose port another program holds. */
import type { ServiceSpec } from '../model/stack-spec.ts';
import type { CliWiring } from './wiring.ts';

/** One sentence each. */
export async function takenPorts(
  services: readonly ServiceSpec[],
  wiring: CliWiring,
): Promise<string[]> {
  const found: string[] = [];
  for (const { name, endpoint, driver } of services) {
    if (endpoint === null || driver === 'external') continue;
    const holder = await wiring.portHolder(endpoint.host, endpoint.port);
    if (holder === null) continue;
    found.push(`port ${endpoint.port} of ${name} is held by ${holder}`);
  }
  return found;
}
