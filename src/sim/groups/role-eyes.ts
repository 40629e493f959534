/** Looks at the roles of running instances each second, as `src/controller/role-watch.ts` does. */
import type { Happening } from '../../model/event.ts';
import type { InstanceId } from '../../model/ids.ts';
import type { ControllerProcess } from '../controller-process.ts';
import type { World } from '../world.ts';

const everyMs = 1_000;

export function watchRoles(
  process: ControllerProcess,
  world: World,
  tell: (happening: Happening) => void,
): void {
  const told = new Map<InstanceId, string>();
  const look = (): void => {
    for (const replicas of world.replicas.values()) {
      for (const instance of replicas.instances) {
        const seen = replicas.look(instance);
        const run = world.process(instance)?.pid ?? 0;
        const key = `${run} ${JSON.stringify(seen)}`;
        if (seen === null || told.get(instance) === key) continue;
        told.set(instance, key);
        tell({ kind: 'role-seen', instance, seen });
      }
    }
    process.after(everyMs, look);
  };
  if (world.replicas.size > 0) process.after(everyMs, look);
}
