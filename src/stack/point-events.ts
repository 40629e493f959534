/** The events at which a recovery point may be made. */
import type { RecordBody } from '../model/record.ts';
import type { StackDocument } from './document.ts';
import { nearest } from './nearest.ts';
import type { Path } from './problem.ts';

/** What happens to points themselves, and what is of no service and comes in numbers. */
type Without =
  | 'point'
  | 'restore-step'
  | 'timer-set'
  | 'timer-cleared'
  | 'order-given'
  | 'order-withdrawn'
  | 'slept'
  | 'store';

/** Kept complete by its type. */
const recordKinds: Readonly<Record<Exclude<RecordBody['kind'], Without>, true>> = {
  configured: true,
  wanted: true,
  'instance-starting': true,
  'instance-started': true,
  'instance-adopted': true,
  'instance-start-failed': true,
  'instance-ready': true,
  'instance-suspect': true,
  'instance-exited': true,
  'instance-stopping': true,
  'instance-stopped': true,
  'instance-stop-failed': true,
  'instance-held': true,
  'confirm-asked': true,
  'instance-confirmed': true,
  'symptom-began': true,
  'symptom-ended': true,
  'incident-opened': true,
  'incident-joined': true,
  'incident-located': true,
  'action-planned': true,
  'action-begun': true,
  'action-done': true,
  'action-outcome': true,
  'incident-verifying': true,
  'incident-needs-person': true,
  'slow-try': true,
  'incident-resolved': true,
  'incident-reopened': true,
  reset: true,
  consent: true,
  'drill-began': true,
  'drill-ended': true,
  'maintenance-began': true,
  'maintenance-ended': true,
  'knowledge-imported': true,
  'knowledge-reset': true,
  requested: true,
  replied: true,
  looking: true,
  looked: true,
  'primary-chosen': true,
  'primary-serves': true,
  'eligible-changed': true,
  'role-step': true,
  'position-told': true,
  'role-seen': true,
};

const otherEvents = ['switchover', 'before-destructive', 'shutdown'];

export function checkEvents(document: StackDocument, path: Path, on: readonly string[]): void {
  const known = [...otherEvents, ...Object.keys(recordKinds)];
  on.forEach((event, index) => {
    if (known.includes(event)) return;
    const near = nearest(event, known);
    document.complain([...path, index], {
      message: `there is no event ${JSON.stringify(event)}`,
      hint:
        near === null
          ? `there are: ${otherEvents.join(', ')}, and the kinds of record in \`daruma events\``
          : `did you mean \`${near}\`?`,
    });
  });
}
