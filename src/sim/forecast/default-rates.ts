/** Rates by the default tables of locate and plan, which are judgement and not measurement. */
import { priors } from '../../locate/tables.ts';
import { restartMends } from '../../plan/tables.ts';
import type { Rates } from './hazards.ts';

/** The table's chance of a fault is taken for so many hours of one instance. */
const tableHours = 100;

export const defaultRates: Rates = {
  perHour: (_, kind) => priors[kind] / tableHours,
  restartMends: (_, kind) => restartMends[kind],
};
