/** Carries out what the engine wants of the roles in services with failover. */
import type { RoleCommand } from '../model/group.ts';

export class Roles {
  run(command: RoleCommand): void {
    throw new Error(`no driver carries out ${command.kind}`);
  }
}
