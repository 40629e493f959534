/** Services that systemd runs: those that an administrator made, with or without a port. */
import { spawnSync } from 'node:child_process';
import type { FoundService } from './found-service.ts';

/** Units whose file lies here were not brought by a package. */
const ownUnits = '/etc/systemd/system/';

/** Names of running units of the administrator's own; empty without systemd. */
export function ownSystemdUnits(): string[] {
  const listed = systemctl(
    'list-units',
    '--type=service',
    '--state=running',
    '--plain',
    '--no-legend',
  );
  const units = listed.split('\n').flatMap((line) => line.trim().split(/\s+/)[0] || []);
  if (units.length === 0) return [];
  return ownUnitsIn(systemctl('show', '--property=Id,FragmentPath', ...units));
}

/** From blocks of `Id=…` and `FragmentPath=…`. */
export function ownUnitsIn(shown: string): string[] {
  return shown.split('\n\n').flatMap((block) => {
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(block)?.[1] ?? '';
    const own = value('FragmentPath').startsWith(ownUnits) && !value('Id').startsWith('daruma-');
    return own ? [value('Id')] : [];
  });
}

export function systemdService(
  unit: string,
  origin: string,
  endpoint: string | null,
): FoundService {
  return {
    name: unit.replace(/\.service$/, ''),
    origin,
    endpoint,
    start: ['systemctl', 'start', unit],
    stop: ['systemctl', 'stop', unit],
    status: ['systemctl', 'is-active', unit],
    logs: ['journalctl', '--follow', '--lines=0', '--output=cat', `--unit=${unit}`],
    pidFile: null,
    dependsOn: [],
  };
}

function systemctl(...args: readonly string[]): string {
  // No systemd, or one that doesn't answer: then nothing is known of units.
  return spawnSync('systemctl', args, { encoding: 'utf8', timeout: 10_000 }).stdout ?? '';
}
