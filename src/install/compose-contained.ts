/** A service of a Compose file that stays in Docker: an external service, or a job that is run. */
import type { ComposeService } from './compose-file.ts';
import { toHealthcheck } from './compose-health.ts';
import { type ComposePort, reachedAt } from './compose-port.ts';
import { restartOf } from './compose-process.ts';
import type { DockerCompose } from './docker-compose.ts';
import { type Converted, type Lost, numeric, present } from './import-parts.ts';

/** Docker takes its time for a command in a container. */
const checkTimes = { interval: '10s', timeout: '10s', start_interval: '1s' } as const;
/** Images may have to be fetched first. */
const startTimeout = '5m';

export function toExternal(
  service: ComposeService,
  port: ComposePort | null,
  { start, stop, status, logs, exec }: DockerCompose,
): Converted {
  const health = toHealthcheck(
    service,
    (test) => ({ test: ['CMD', ...exec.map(literal), ...inContainer(test)] }),
    checkTimes,
  );
  const replicas = service.deploy?.replicas ?? service.scale ?? '1';
  const reason = 'Daruma sees all its containers as one instance';
  const many: Lost[] = replicas === '1' ? [] : [{ field: 'replicas', value: replicas, reason }];
  const commands = { start, stop, status, logs };
  const external = Object.fromEntries(
    Object.entries(commands).map(([verb, argv]) => [verb, argv.map(literal)]),
  );
  const restart = restartOf(service, false);
  const fields = {
    driver: 'external',
    endpoint: port === null ? undefined : numeric(reachedAt(port)),
    // A check that is switched off leaves the container's state to go by.
    ...(isDisabled(service) ? {} : health.fields),
    ...restart.fields,
    external: { ...external, timeout: startTimeout },
  };
  return {
    fields: present(fields),
    lost: [...health.lost, ...restart.lost, ...twice(service), ...many],
  };
}

/** Docker would go on doing it beside Daruma. */
function twice({ restart }: ComposeService): Lost[] {
  if (restart === undefined || restart === 'no' || restart === false) return [];
  const reason = 'Docker restarts it too, until you take this out of the Compose file';
  return [{ field: 'restart', value: String(restart), reason }];
}

function isDisabled({ healthcheck }: ComposeService): boolean {
  return healthcheck?.disable === true || healthcheck?.test?.[0] === 'NONE';
}

/** Waits for its end, as only a process can be waited for. */
export function toJob(service: ComposeService, { run }: DockerCompose): Converted {
  const restart = restartOf(service, true);
  return { fields: { command: run.map(literal), ...restart.fields }, lost: restart.lost };
}

function inContainer(test: string | readonly string[]): readonly string[] {
  if (typeof test === 'string') return ['sh', '-c', test];
  const [form, ...words] = test;
  return form === 'CMD-SHELL' ? ['sh', '-c', ...words] : words;
}

/** `$` would begin a variable. */
function literal(word: string): string {
  return word.replaceAll('$', '$$$$');
}
