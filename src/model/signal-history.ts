/** How signals went: what may be asked, and what is answered. */
import type { ComponentId } from './ids.ts';
import type { SignalName } from './sample.ts';

export interface HistoryQuery {
  /** Components (`api/2`, `host:alpha`); a service's name stands for all of its. */
  readonly of: string;
  /** Absent: all. */
  readonly signals?: readonly SignalName[];
  /** Stack times, both included. */
  readonly from: number;
  readonly to: number;
}

export interface SignalSeries {
  readonly component: ComponentId;
  readonly signal: SignalName;
  /** Stack time and value, oldest first; of a minute, its mean. */
  readonly points: readonly (readonly [number, number])[];
}
