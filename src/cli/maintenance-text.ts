import type { StackView } from '../model/view.ts';
import { dateText, durationText } from './time-text.ts';

/** «db: under maintenance for 29 min 10 s more, until 2026-01-31 14:03:07 (ann)». */
export function maintenanceNotes({ at, services }: StackView): string[] {
  return services.flatMap(({ name, maintenance }) => {
    if (maintenance === undefined) return [];
    const { by, until, untilHealthy } = maintenance;
    const left = durationText(Math.max(0, until - at));
    const end = `for ${left} more, until ${dateText(until)}`;
    return [
      `${name}: under maintenance ${untilHealthy ? 'until it is healthy, ' : ''}${end} (${by})`,
    ];
  });
}
