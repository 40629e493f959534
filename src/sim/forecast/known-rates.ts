/** Rates by what was learned, and by the default tables where nothing was. */
import { chanceToMend, faultsPerHour } from '../../learn/estimates.ts';
import { noKnowledge } from '../../learn/lessons.ts';
import { priors } from '../../locate/tables.ts';
import type { Knowledge } from '../../model/knowledge.ts';
import { restartMends } from '../../plan/tables.ts';
import type { Rates } from './hazards.ts';

/** Null: nothing was learned. */
export function knownRates(learned: Knowledge | null): Rates {
  const knowledge = learned ?? noKnowledge();
  return {
    perHour: (service, fault) => faultsPerHour(knowledge, { service, fault }, priors),
    restartMends: (service, fault) =>
      chanceToMend(knowledge, { service, remedy: 'restart', fault }, restartMends[fault]),
  };
}
