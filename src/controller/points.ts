/** What the API offers of recovery points. */
import type { PointsApi } from '../ports/controller-api.ts';
import type { Curator } from './curator.ts';
import type { PointJobs } from './point-jobs.ts';

export function pointsApi(jobs: PointJobs, curator: Curator): PointsApi {
  return {
    underWay: () => jobs.underWay(),
    make: (service, name) => curator.make(service, name, 'person'),
    drill: (service, point, identity) => curator.drill(service, point, identity),
    list: (service) => {
      jobs.pointsOf(service);
      return jobs.runBeside(service, { kind: 'list' });
    },
    plan: (service, target, now) => {
      jobs.pointsOf(service);
      return jobs.runBeside(service, { kind: 'plan', target, now });
    },
    verify: (service, point, identity) => {
      jobs.pointsOf(service);
      return jobs.runBeside(service, { kind: 'verify', point, identity });
    },
    prune: (service, how) => {
      jobs.pointsOf(service);
      return jobs.run(service, { kind: 'prune', ...how });
    },
  };
}
