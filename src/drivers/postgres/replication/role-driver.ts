/** The steps by which a PostgreSQL server gets its role, refused when their order is old (F6). */
import { DarumaError } from '../../../model/errors.ts';
import type { InstanceId } from '../../../model/ids.ts';
import type { DriverContext, RoleDriver } from '../../../ports/driver.ts';
import { admit, catchUp, setEligible } from './eligible.ts';
import { fence } from './fence.ts';
import { follow } from './follow.ts';
import { look } from './look.ts';
import { type Member, roleOf } from './member.ts';
import type { Members } from './members.ts';
import { deadline } from './poll.ts';
import { position } from './position.ts';
import { promote } from './promote.ts';
import { takeOrder } from './seen-order.ts';

export function roleDriver(members: Members): RoleDriver {
  /** For whom the primary of each service was last to be told that it waits. */
  const told = new Map<string, readonly InstanceId[]>();
  const keyOf = ({ stateDir, service }: DriverContext) => `${stateDir}\n${service.name}`;
  const took = async (member: Member): Promise<Member> => {
    await takeOrder(member.place.seen, member.instance, member.order);
    return member;
  };
  const taken = async (context: DriverContext) => took(await members.of(context));
  return {
    async fence(context) {
      await fence(await members.of(context));
    },
    async promote(context, timeoutMs) {
      const member = await taken(context);
      await members.inTurn(member, () => promote(member, timeoutMs));
    },
    async follow(context, timeoutMs) {
      const { place } = await members.primaryOf(context);
      await follow(await taken(context), place.data, timeoutMs);
    },
    async setEligible(context, timeoutMs) {
      told.set(keyOf(context), roleOf(context).order.eligible);
      const member = await taken(context);
      await members.inTurn(member, () => setEligible(member, timeoutMs));
    },
    async admit(context, timeoutMs) {
      const before = told.get(keyOf(context));
      const { leftMs } = deadline(timeoutMs);
      const standby = await taken(context);
      const primary = await took(await members.primaryOf(context));
      // Not in the primary's turn: others may leave meanwhile, and writes wait for it to be told.
      await catchUp(primary, standby, leftMs());
      await members.inTurn(primary, async () => {
        const now = told.get(keyOf(context));
        const isSame = now === before || now?.join() === primary.order.eligible.join();
        if (isSame) return admit(primary, standby, leftMs());
        const text = `${primary.instance} was told of others while ${standby.instance} caught up`;
        throw new DarumaError('ACTION_FAILED', text);
      });
    },
    async position(context, timeoutMs) {
      return position(await members.of(context), timeoutMs);
    },
    async look(context, timeoutMs) {
      return look(await members.of(context), timeoutMs);
    },
  };
}
