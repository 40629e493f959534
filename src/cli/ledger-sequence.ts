/** Which faults a ledger drill brings about, in which order: the seed decides. Pure. */
import { createHash } from 'node:crypto';

export const ledgerFaults = [
  'kill-tree',
  'kill-postmaster',
  'kill-backend',
  'stop-tree',
  'stop-postmaster',
  'stop-backend',
  'stop-holder',
  'kill-standby',
  'stop-standby',
  'kill-receiver',
  'stop-receiver',
  'stop-replay',
  'kill-both',
  'cut-primary',
  'cut-standbys',
  'fill-disk',
  'fill-standby',
  'kill-controller',
  'kill-endpoint',
] as const;
export type LedgerFault = (typeof ledgerFaults)[number];

export interface LedgerStep {
  readonly fault: LedgerFault;
  /** Time in which all is well before it. */
  readonly afterMs: number;
  /** How long what is stopped, cut off or full stays so. */
  readonly lastsMs: number;
  /** The next one comes so soon that this one may not be over; null: it is waited for. */
  readonly nextAfterMs: number | null;
}

export interface SequenceOptions {
  readonly only: readonly LedgerFault[];
  /** No fault comes before the last is over. */
  readonly oneByOne: boolean;
  /** How long what lasts does; null: the seed decides. */
  readonly lastsMs: number | null;
}

const doubledOneIn = 4;

export function ledgerSequence(
  seed: number,
  count: number,
  { only, oneByOne, lastsMs }: SequenceOptions,
): LedgerStep[] {
  const random = numbers(seed);
  return Array.from({ length: count }, () => {
    const fault = only[Math.floor(random() * only.length)] ?? 'kill-tree';
    const afterMs = 200 + Math.floor(random() * 1_500);
    const drawnMs = 500 + Math.floor(random() * 8_000);
    const soonMs = random() * doubledOneIn < 1 ? Math.floor(random() * 1_000) : null;
    return {
      ...{ fault, afterMs, lastsMs: lastsMs ?? drawnMs },
      nextAfterMs: oneByOne ? null : soonMs,
    };
  });
}

/** Uniform in [0, 1), the same for the same seed. */
export function numbers(seed: number): () => number {
  let drawn = 0;
  return () => {
    drawn += 1;
    const hash = createHash('sha256').update(`${seed} ${drawn}`).digest();
    return hash.readUInt32BE(0) / 2 ** 32;
  };
}
