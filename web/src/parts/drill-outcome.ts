/** A drill, and what came of it. */
export interface DrillView {
  readonly id: number;
  readonly by: string;
  readonly fault: string;
  readonly target: string | null;
  readonly at: number;
  readonly ended: number | null;
  readonly failure: string | null;
  readonly result: DrillResult | null;
}

/** What `daruma drill --json` prints, as far as it is shown. */
interface DrillResult {
  readonly end: 'recovered' | 'observed' | 'needs-person' | 'timed-out' | 'interrupted' | 'failed';
  readonly incident: string | null;
  readonly detectedMs: number | null;
  readonly locatedMs: number | null;
  readonly recoveredMs: number | null;
  readonly verifiedMs: number | null;
}

/** What the command said was wrong, without its hint for a command line. */
export function failureText(failure: string): string {
  const said = failure.split('\n').find((line) => line.startsWith('daruma: '));
  return said?.slice('daruma: '.length) ?? failure;
}

export function verdict(result: DrillResult | null) {
  if (result?.end === 'needs-person') return 'stateNeedsPerson';
  return result?.end === 'recovered' || result?.end === 'observed' ? 'recovered' : 'outcomeFailed';
}
