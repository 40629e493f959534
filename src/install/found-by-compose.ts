/** Services of the Compose file in a directory. */
import { basename } from 'node:path';
import { type ComposeService, findComposeFile, readCompose } from './compose-file.ts';
import { composePort, reachedAt } from './compose-port.ts';
import { dockerCompose } from './docker-compose.ts';
import type { FoundService } from './found-service.ts';

/** Throws BAD_REQUEST when the file is not a Compose file. */
export function foundByCompose(directory: string): FoundService[] {
  const file = findComposeFile(directory);
  if (file === null) return [];
  return Object.entries(readCompose(file).services).map(([name, service]) => {
    const { start, stop, status, logs } = dockerCompose(file, name);
    const dependsOn = service.depends_on ?? [];
    return {
      name,
      origin: `service ${name} of ${basename(file)}`,
      endpoint: literalEndpoint(service),
      ...{ start, stop, status, logs },
      pidFile: null,
      dependsOn: Array.isArray(dependsOn) ? dependsOn : Object.keys(dependsOn),
    };
  });
}

/** What a variable stands for isn't known here. */
function literalEndpoint({ ports }: ComposeService): string | null {
  const port = composePort(ports?.[0]);
  const endpoint = port === null ? '' : reachedAt(port);
  return /^(?:[\d.]+:)?\d+$/.test(endpoint) ? endpoint : null;
}
