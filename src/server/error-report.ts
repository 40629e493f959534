/** An error that an application reports, as the store takes it. */
import type { ErrorReport } from '../model/error-record.ts';
import { DarumaError } from '../model/errors.ts';
import { serviceOf } from '../model/ids.ts';
import type { ControllerApi } from '../ports/controller-api.ts';
import type { applicationError } from './schemas.ts';

export interface ReportContext {
  readonly api: ControllerApi;
  /** Name of this machine. */
  readonly host: string;
}

type ApplicationError = ReturnType<typeof applicationError.parse>;

/** Only services of the stack may be named, so that records are bounded by it. */
export function reportOf(error: ApplicationError, { api, host }: ReportContext): ErrorReport {
  const { code, message, stack, release, instance = null } = error;
  const service = error.service ?? (instance === null ? null : serviceOf(instance));
  const { at, services } = api.view();
  const known = services.find(({ name }) => name === service);
  if (service !== null && known === undefined) {
    throw new DarumaError('NOT_FOUND', `there is no service ${service} in this stack`);
  }
  if (instance !== null && !known?.instances.some(({ id }) => id === instance)) {
    throw new DarumaError('NOT_FOUND', `there is no instance ${instance} of ${service}`);
  }
  const origin = { service, instance, host };
  return {
    ...{ at, code, message, origin, source: 'application' },
    ...(stack === undefined ? {} : { stack }),
    ...(release === undefined ? {} : { release }),
  };
}
