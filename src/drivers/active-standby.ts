/**
 * Roles of instances that hold no data of ours: plain programs of which one works, and services
 * that somebody else runs. They say nothing of how far they are, so there is nothing to survey and
 * nothing to wait for.
 */
import { DarumaError } from '../model/errors.ts';
import type { FailoverSpec, ServiceSpec } from '../model/stack-spec.ts';
import type { DriverContext, RoleDriver } from '../ports/driver.ts';
import { askRole, callRole } from './role-call.ts';
import { keepRole, orderOf, toldRole } from './role-file.ts';

/** How long `fence` may take. */
const fenceMs = 20_000;

const common: Pick<RoleDriver, 'follow' | 'setEligible' | 'admit' | 'position'> = {
  async follow(context, timeoutMs) {
    await keepRole(context, orderOf(context), 'standby');
    const { cease } = failoverOf(context.service);
    if (cease !== undefined) await callRole(context, cease, timeoutMs);
  },
  setEligible: nobodyWaits,
  admit: nobodyWaits,
  async position(context) {
    const { epoch } = orderOf(context);
    return { systemId: context.service.name, timeline: epoch, position: '0' };
  },
};

/** Of programs that are processes of ours: when the tree is dead, it is fenced. */
export const processRoles: RoleDriver = {
  ...common,
  async fence(context) {
    await keepRole(context, orderOf(context), 'standby');
  },
  async promote(context, timeoutMs) {
    await keepRole(context, orderOf(context), 'primary');
    const { become } = failoverOf(context.service);
    if (become !== undefined) await callRole(context, become, timeoutMs);
  },
  async look(context) {
    const told = await toldRole(context);
    if (told === null) throw new DarumaError('NOT_FOUND', `${context.instance} has no role yet`);
    const { role, epoch } = told;
    return { role, epoch, standbys: [], streaming: role === 'standby' };
  },
};

/** Of services that somebody else runs: their own commands say, and do, what is to be done. */
export const externalRoles: RoleDriver = {
  ...common,
  async fence(context) {
    const { fence } = failoverOf(context.service);
    if (fence === undefined) {
      const text = `F1: ${context.service.name} has no \`fence\` command, so nobody can be sure`;
      throw new DarumaError('REFUSED', `${text} that ${context.instance} is not primary any more`);
    }
    await askRole(context, fence, fenceMs);
    await keepRole(context, orderOf(context), 'standby');
  },
  async promote(context, timeoutMs) {
    await keepRole(context, orderOf(context), 'primary');
    const { become } = failoverOf(context.service);
    // Somebody else may have made it so, and most programs refuse to be promoted twice.
    if ((await externalRoles.look(context, timeoutMs)).role === 'primary') return;
    if (become !== undefined) await callRole(context, become, timeoutMs);
    const { role } = await externalRoles.look(context, timeoutMs);
    if (role === 'primary') return;
    throw new DarumaError('ACTION_FAILED', `${context.instance} was promoted and is a standby`);
  },
  async look(context, timeoutMs) {
    const { role } = failoverOf(context.service);
    if (role === undefined) throw new DarumaError('INTERNAL', `${context.instance} has no role`);
    const said = (await askRole(context, role, timeoutMs)).trim();
    if (said !== 'primary' && said !== 'standby') {
      const shown = JSON.stringify(said.slice(0, 80));
      throw new DarumaError('ACTION_FAILED', `its role was answered with ${shown}`);
    }
    const epoch = (await toldRole(context))?.epoch ?? null;
    return { role: said, epoch, standbys: [], streaming: said === 'standby' };
  },
};

/** A primary acknowledges what it does without its standbys. */
async function nobodyWaits(context: DriverContext): Promise<void> {
  await keepRole(context, orderOf(context), orderOf(context).role);
}

function failoverOf({ name, failover }: ServiceSpec): FailoverSpec {
  if (failover !== undefined) return failover;
  throw new DarumaError('INTERNAL', `${name} has no failover`);
}
