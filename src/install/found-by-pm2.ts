/** Applications in pm2's dump, which `pm2 save` writes: `~/.pm2/dump.pm2`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type FoundService, understood } from './found-service.ts';
import { textOf } from './listeners.ts';

const dump = z.array(
  z.looseObject({
    name: z.coerce.string(),
    pm_id: z.number().optional(),
    PORT: z.coerce.number().optional(),
    env: z.looseObject({ PORT: z.coerce.number().optional() }).optional(),
  }),
);

/** The instances of a cluster are one service. Throws BAD_REQUEST for another dump. */
export function foundByPm2(home: string): FoundService[] {
  const file = join(home, '.pm2/dump.pm2');
  const text = textOf(file);
  if (text === '') return [];
  const apps = understood(file, () => dump.parse(JSON.parse(text)));
  const names = [...new Set(apps.map(({ name }) => name))];
  return names.map((name) => {
    const instances = apps.filter((app) => app.name === name);
    const port = instances[0]?.env?.PORT ?? instances[0]?.PORT;
    const pidFile = join(home, '.pm2/pids', `${name}-${instances[0]?.pm_id ?? 0}.pid`);
    const many = instances.length > 1 ? `, ${instances.length} instances` : '';
    return {
      name,
      origin: `pm2 application ${name}${many}`,
      endpoint: port !== undefined && port > 0 ? String(port) : null,
      start: ['pm2', 'start', name],
      stop: ['pm2', 'stop', name],
      // Prints the process id, or 0 or nothing.
      status: ['sh', '-c', 'pm2 pid "$1" | grep -q "[1-9]" || exit 3', 'sh', name],
      logs: ['pm2', 'logs', '--raw', '--lines', '0', name],
      pidFile: existsSync(pidFile) ? pidFile : null,
      dependsOn: [],
    };
  });
}
