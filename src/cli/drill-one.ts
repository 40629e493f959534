/** One drill of any fault, on an instance or on the controller. */
import type { DrillFaultName } from '../model/drill.ts';
import { DarumaError } from '../model/errors.ts';
import { type InstanceId, serviceOf } from '../model/ids.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import { drillController } from './controller-drill.ts';
import { blindSpot } from './drill-plan.ts';
import { recorded } from './drill-record.ts';
import { type DrillResult, runDrill } from './drill-run.ts';
import { probeTarget } from './drill-target.ts';
import type { Session } from './session.ts';

export interface DrillLimits {
  readonly timeoutMs: number;
  readonly bytesPerSecond: number;
  readonly kills: number;
}

export interface OneDrill extends DrillLimits {
  readonly spec: StackSpec;
  readonly fault: DrillFaultName;
  /** Whom; for the controller, whose endpoint gets the load. Null: the first one's with one. */
  readonly instance: InstanceId | null;
}

export async function drillOne(session: Session, one: OneDrill): Promise<DrillResult> {
  const { spec, fault, timeoutMs } = one;
  const instance = one.instance ?? firstEndpoint(spec);
  const target = instance === null ? null : probeTarget(spec, instance);
  if (fault === 'controller-kill' || instance === null) {
    const what = { fault, target: 'controller' };
    return recorded(session, what, () => drillController(session, target, timeoutMs));
  }
  const service = spec.services.find(({ name }) => name === serviceOf(instance));
  const { services } = await session.client.stack();
  if (services.some(({ name, maintenance }) => name === service?.name && maintenance !== undefined))
    throw new DarumaError('REFUSED', `${service?.name} is under maintenance: end that first`);
  const blind = service === undefined || session.json ? null : blindSpot(fault, service);
  if (blind !== null) session.warn(`nothing will come of it: ${blind}`);
  const external = service?.driver === 'external';
  const observed = spec.mode === 'observe' || service?.mode === 'observe';
  const plan = { ...one, fault, instance, target, external, observed };
  return recorded(session, { fault, target: instance }, () => runDrill(session, plan));
}

function firstEndpoint(spec: StackSpec): InstanceId | null {
  const service = spec.services.find(({ endpoint }) => endpoint !== null);
  return service === undefined ? null : `${service.name}/1`;
}
