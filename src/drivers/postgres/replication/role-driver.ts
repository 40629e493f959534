/** The steps by which a PostgreSQL server gets its role, refused when their order is old (F6). */
import { DarumaError } from '../../../model/errors.ts';
import type { DriverContext, RoleDriver } from '../../../ports/driver.ts';
import { admit, catchUp, setEligible } from './eligible.ts';
import { fence } from './fence.ts';
import { follow } from './follow.ts';
import { look } from './look.ts';
import type { Member } from './member.ts';
import type { Members } from './members.ts';
import { deadline } from './poll.ts';
import { position } from './position.ts';
import { promote } from './promote.ts';
import { takeOrder } from './seen-order.ts';

export function roleDriver(members: Members): RoleDriver {
  /** How often the primary of each service was to be told for whom it waits. */
  const changes = new Map<string, number>();
  const keyOf = ({ stateDir, service }: DriverContext) => `${stateDir}\n${service.name}`;
  const changesOf = (context: DriverContext) => changes.get(keyOf(context)) ?? 0;
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
      changes.set(keyOf(context), changesOf(context) + 1);
      const member = await taken(context);
      await members.inTurn(member, () => setEligible(member, timeoutMs));
    },
    async admit(context, timeoutMs) {
      const before = changesOf(context);
      const { leftMs } = deadline(timeoutMs);
      const standby = await taken(context);
      const primary = await took(await members.primaryOf(context));
      // Not in the primary's turn: others may leave meanwhile, and writes wait for it to be told.
      await catchUp(primary, standby, leftMs());
      await members.inTurn(primary, async () => {
        if (changesOf(context) === before) return admit(primary, standby, leftMs());
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
