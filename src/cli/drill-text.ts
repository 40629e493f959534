/** What came of a drill, for a person. */
import type { DrillResult } from './drill-run.ts';
import type { Colour, Paint } from './paint.ts';
import type { LoadFigures } from './probing-load.ts';
import { durationText } from './time-text.ts';

const ends: Readonly<Record<DrillResult['end'], readonly [Colour, string]>> = {
  recovered: ['green', 'recovered'],
  observed: ['green', 'observed; nothing was touched'],
  'needs-person': ['red', 'not recovered: needs a person'],
  'timed-out': ['red', 'not recovered in time'],
  interrupted: ['yellow', 'interrupted'],
};

/** `command`: how a person calls us. */
export function drillText(result: DrillResult, paint: Paint, command: string): string[] {
  const [colour, end] = ends[result.end];
  const steps: readonly (readonly [string, number | null])[] = [
    ['detected', result.detectedMs],
    ['located', result.locatedMs],
    ['acted', result.actedMs],
    ['recovered', result.recoveredMs],
    ['verified', result.verifiedMs],
  ];
  return [
    `drill ${result.fault} ${result.target}: ${paint(colour, end)}`,
    ...steps.flatMap(([title, ms]) =>
      ms === null ? [] : [`  ${`${title} after`.padEnd(16)} ${durationText(ms)}`],
    ),
    ...blameLine(result),
    ...loadLines(result.load),
    ...(result.summary === '' ? [] : [`  ${result.summary}`]),
    ...(result.incident === null ? [] : [`  more: ${command} explain ${result.incident}`]),
  ];
}

/** Told only when it went wrong: otherwise the decision below says it. */
function blameLine({ blamed }: DrillResult): string[] {
  return blamed === null || blamed.right ? [] : [`  ${'blamed'.padEnd(16)} ${blamed.component}`];
}

function loadLines(load: LoadFigures | null): string[] {
  if (load === null) return [];
  const { sent, failed, failedForMs } = load;
  const during = failedForMs === null ? '' : `, all within ${durationText(failedForMs)}`;
  return [`  ${'requests'.padEnd(16)} ${sent} sent, ${failed} failed${during}`];
}
