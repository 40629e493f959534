/** The steps by which a PostgreSQL server gets its role, refused when their order is old (F6). */
import type { DriverContext, RoleDriver } from '../../../ports/driver.ts';
import { admit, setEligible } from './eligible.ts';
import { fence } from './fence.ts';
import { follow } from './follow.ts';
import { look } from './look.ts';
import type { Member } from './member.ts';
import type { Members } from './members.ts';
import { position } from './position.ts';
import { promote } from './promote.ts';
import { takeOrder } from './seen-order.ts';

export function roleDriver(members: Members): RoleDriver {
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
      const member = await taken(context);
      await members.inTurn(member, () => setEligible(member, timeoutMs));
    },
    async admit(context, timeoutMs) {
      const standby = await taken(context);
      const primary = await took(await members.primaryOf(context));
      await members.inTurn(primary, () => admit(primary, standby, timeoutMs));
    },
    async position(context, timeoutMs) {
      return position(await members.of(context), timeoutMs);
    },
    async look(context, timeoutMs) {
      return look(await members.of(context), timeoutMs);
    },
  };
}
