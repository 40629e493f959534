/** A plain program: the stack file says everything about it. */
import { DarumaError } from '../model/errors.ts';
import type { ProcessDriver } from '../ports/driver.ts';
import { endpointAttributes } from './address.ts';

export const processDriver: ProcessDriver = {
  kind: 'process',
  async launch({ service, environment, expand }) {
    if (service.command === null) {
      throw new DarumaError('START_FAILED', `${service.name} has no command`);
    }
    return {
      argv: service.command.argv.map(expand),
      environment,
      workingDir: service.workingDir,
      user: service.user,
    };
  },
  async attributes(service) {
    return endpointAttributes(service, 'http');
  },
};
