/** How often faults happen, as a person says it: `db:crash=12`, a year, at one instance. */
import { InvalidArgumentError } from 'commander';
import { DarumaError } from '../model/errors.ts';
import type { ServiceName } from '../model/ids.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import { type FaultKind, faultKinds } from '../model/symptom.ts';
import type { Rates } from '../sim/forecast/hazards.ts';

export interface GivenRate {
  readonly service: ServiceName;
  readonly fault: FaultKind;
  /** Of one instance. */
  readonly perYear: number;
  /** As it was typed. */
  readonly text: string;
}

const hoursPerYear = 8_766;

/** For commander, which calls it for each time that the option comes. */
export function rateToo(text: string, before: readonly GivenRate[] = []): readonly GivenRate[] {
  const [, service = '', word = '', count = ''] = /^([^:]+):([a-z]+)=([\d.]+)$/.exec(text) ?? [];
  const fault = faultKinds.find((one) => one === word);
  const perYear = Number(count);
  if (service === '' || !Number.isFinite(perYear))
    throw new InvalidArgumentError('expected a service, a fault and a number, as db:crash=12.');
  if (fault === undefined)
    throw new InvalidArgumentError(`no fault «${word}»; there are: ${faultKinds.join(', ')}.`);
  return [...before, { service, fault, perYear, text }];
}

export function checkServices(given: readonly GivenRate[], { services }: StackSpec): void {
  const wrong = given.find((rate) => services.every(({ name }) => name !== rate.service));
  if (wrong === undefined) return;
  const names = services.map(({ name }) => name).join(', ');
  throw new DarumaError('NOT_FOUND', `there is no service ${wrong.service}; there are: ${names}`);
}

/** The last one given counts. */
export function withGiven(given: readonly GivenRate[], others: Rates): Rates {
  return {
    ...others,
    perHour: (service, kind) => {
      const own = given.findLast((one) => one.service === service && one.fault === kind);
      return own === undefined ? others.perHour(service, kind) : own.perYear / hoursPerYear;
    },
  };
}
