/** A plain program: the stack file says everything about it. */
import { chown, mkdir } from 'node:fs/promises';
import { DarumaError } from '../model/errors.ts';
import type { ProcessDriver } from '../ports/driver.ts';
import { findAccount } from './account.ts';
import { processRoles } from './active-standby.ts';
import { endpointAttributes } from './address.ts';
import { keepRole, roleEnvironment } from './role-file.ts';

export const processDriver: ProcessDriver = {
  kind: 'process',
  async launch(context) {
    const { service, environment, expand, role } = context;
    if (service.command === null) {
      throw new DarumaError('START_FAILED', `${service.name} has no command`);
    }
    if (service.dataDir !== undefined) await makeDataDir(service.dataDir, service.user);
    if (role !== undefined) await keepRole(context, role.order, role.order.role);
    return {
      argv: service.command.argv.map(expand),
      environment:
        role === undefined ? environment : { ...environment, ...roleEnvironment(role.order) },
      workingDir: service.workingDir,
      user: service.user,
    };
  },
  async attributes(service) {
    return endpointAttributes(service, 'http');
  },
  roles: processRoles,
};

/** What is there already is left as it is. */
async function makeDataDir(path: string, user: string | null): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  const account = first === undefined || user === null ? null : await findAccount(user);
  if (account !== null) await chown(path, account.uid, account.gid);
}
