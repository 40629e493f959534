import { Argument } from 'commander';
import { DarumaError, exitCodes } from '../../model/errors.ts';
import { type InstanceId, isInstance, serviceOf } from '../../model/ids.ts';
import type { EndpointSpec, StackSpec } from '../../model/stack-spec.ts';
import type { StackView } from '../../model/view.ts';
import type { AddCommand } from '../command.ts';
import { drillController } from '../controller-drill.ts';
import { type DrillResult, runDrill } from '../drill-run.ts';
import { drillText } from '../drill-text.ts';
import { type FaultName, faultNames } from '../faults.ts';
import type { ProbeTarget } from '../probing-load.ts';
import type { Session } from '../session.ts';
import { wholeNumber } from '../whole-number.ts';

interface DrillOptions {
  readonly timeout: number;
  readonly rate: number;
  readonly kills: number;
}

export const addDrill: AddCommand = ({ program, action }) => {
  program
    .command('drill')
    .description('inject a fault on purpose, and report how the stack takes it')
    .addArgument(new Argument('<fault>', 'what to do to it').choices(faultNames))
    .argument('[service[/n]]', 'whom; for controller-kill: whose endpoint to watch')
    .option('--timeout <seconds>', 'wait no longer than this for recovery', wholeNumber, 120)
    .option('--rate <bytes>', 'leak: so many bytes per second', wholeNumber, 50 * 2 ** 20)
    .option('--kills <count>', 'crash-loop: kill it so often', wholeNumber, 3)
    .action(
      action(
        async (session, fault: FaultName, target: string | undefined, options: DrillOptions) => {
          const result = await drill(session, fault, target, options);
          if (session.json) session.printJson(result);
          else session.print(...drillText(result, session.paint, session.command));
          return exitCodeOf(result);
        },
      ),
    );
};

async function drill(
  session: Session,
  fault: FaultName,
  target: string | undefined,
  options: DrillOptions,
): Promise<DrillResult> {
  const view = await session.client.stack();
  const spec = await session.readStack();
  const timeoutMs = options.timeout * 1_000;
  if (fault === 'controller-kill') {
    const watched = target === undefined ? firstEndpoint(spec) : instanceOf(view, target);
    const endpoint = watched === null ? null : probeTarget(spec, watched);
    return drillController(session, endpoint, timeoutMs);
  }
  if (target === undefined) {
    throw new DarumaError('BAD_REQUEST', `drill ${fault} needs a target, such as api/1`);
  }
  const instance = instanceOf(view, target);
  const service = spec.services.find(({ name }) => name === serviceOf(instance));
  return runDrill(session, {
    fault,
    instance,
    timeoutMs,
    bytesPerSecond: options.rate,
    kills: options.kills,
    target: probeTarget(spec, instance),
    external: service?.driver === 'external',
    observed: view.mode === 'observe' || service?.mode === 'observe',
  });
}

/** An instance that is ready: the one named, or the first of the service named. */
function instanceOf(view: StackView, target: string): InstanceId {
  const all = view.services.flatMap(({ instances }) => instances);
  const named = all.filter(({ id }) => id === target || serviceOf(id) === target);
  if (named.length === 0) throw new DarumaError('NOT_FOUND', `there is no ${target} in this stack`);
  const ready = named.find(({ phase }) => phase === 'ready');
  if (ready !== undefined) return ready.id;
  const hint = isInstance(target) ? `it is ${named[0]?.phase}` : 'none of its instances is';
  throw new DarumaError('REFUSED', `a drill needs a ready target, and ${target} is not: ${hint}`);
}

function firstEndpoint(spec: StackSpec): InstanceId | null {
  const service = spec.services.find(({ endpoint }) => endpoint !== null);
  return service === undefined ? null : `${service.name}/1`;
}

/**
 * The endpoint, else the fixed address of a TCP check. HTTP by the path of the health check, where
 * that is one; else connections only.
 */
function probeTarget(spec: StackSpec, instance: InstanceId): ProbeTarget | null {
  const service = spec.services.find(({ name }) => name === serviceOf(instance));
  const probe = service?.healthcheck?.probe;
  if (service === undefined || service.endpoint === null) {
    const address = probe?.kind === 'tcp' ? /^([\w.-]+):(\d+)$/.exec(probe.address ?? '') : null;
    return address === null
      ? null
      : { host: address[1] ?? '', port: Number(address[2]), path: null };
  }
  const path = probe?.kind === 'http' && probe.url.startsWith('/') ? probe.url : null;
  return { host: reachable(service.endpoint), port: service.endpoint.port, path };
}

function reachable({ host }: EndpointSpec): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function exitCodeOf({ end }: DrillResult): number {
  if (end === 'timed-out') return exitCodes.timedOut;
  return end === 'needs-person' || end === 'interrupted' ? exitCodes.failed : exitCodes.ok;
}
