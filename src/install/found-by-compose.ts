/** Services of the Compose file in a directory. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type FoundService, understood } from './found-service.ts';
import { textOf } from './listeners.ts';

const fileNames = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

const compose = z.looseObject({
  services: z
    .record(
      z.string(),
      z
        .looseObject({
          ports: z.array(z.unknown()).optional(),
          depends_on: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).optional(),
        })
        .nullable(),
    )
    .default({}),
});

/** Throws BAD_REQUEST when the file is not a Compose file. */
export function foundByCompose(directory: string): FoundService[] {
  const name = fileNames.find((candidate) => existsSync(join(directory, candidate)));
  if (name === undefined) return [];
  const file = join(directory, name);
  const read = () => compose.parse(parse(textOf(file), { merge: true }) ?? {});
  const { services } = understood(file, read);
  return Object.entries(services).map(([service, spec]) => {
    const docker = ['docker', 'compose', '--file', file];
    const dependsOn = spec?.depends_on ?? [];
    return {
      name: service,
      origin: `service ${service} of ${name}`,
      endpoint: published(spec?.ports?.[0]),
      start: [...docker, 'up', '--detach', '--no-deps', service],
      stop: [...docker, 'stop', service],
      // Prints the ids of the running containers.
      status: [
        'sh',
        '-c',
        'test -n "$("$@")" || exit 3',
        'sh',
        ...docker,
        ...['ps', '--quiet', '--status', 'running', service],
      ],
      logs: [...docker, 'logs', '--follow', '--no-log-prefix', '--tail', '0', service],
      pidFile: null,
      dependsOn: Array.isArray(dependsOn) ? dependsOn : Object.keys(dependsOn),
    };
  });
}

/** `8080:80`, `127.0.0.1:8080:80/tcp`, `{ published: 8080 }`; no ranges. */
export function published(port: unknown): string | null {
  const asMap = z.looseObject({ published: z.coerce.string() }).safeParse(port);
  const text = asMap.success
    ? `${asMap.data.published}:0`
    : String(port)
        .replace(/\/tcp$/, '')
        .replace(/^(?:127\.0\.0\.1|0\.0\.0\.0):/, '');
  const [, host = '', number] = /^(?:([\d.]+):)?(\d{1,5}):\d+$/.exec(text) ?? [];
  if (number === undefined) return null;
  return host === '' ? number : `${host}:${number}`;
}
