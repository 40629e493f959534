/** Which faults a ledger drill brings about, in which order: the seed decides. Pure. */
import { createHash } from 'node:crypto';

export const ledgerFaults = [
  'kill-tree',
  'kill-postmaster',
  'kill-backend',
  'stop-tree',
  'stop-postmaster',
  'stop-backend',
  'kill-standby',
  'kill-both',
  'fill-disk',
  'kill-controller',
  'kill-endpoint',
] as const;
export type LedgerFault = (typeof ledgerFaults)[number];

export interface LedgerStep {
  readonly fault: LedgerFault;
  /** Time in which all is well before it. */
  readonly afterMs: number;
  /** How long what is stopped stays so. */
  readonly lastsMs: number;
  /** The next one comes so soon that this one may not be over; null: it is waited for. */
  readonly nextAfterMs: number | null;
}

const doubledOneIn = 4;

export function ledgerSequence(
  seed: number,
  count: number,
  only: readonly LedgerFault[],
): LedgerStep[] {
  const random = numbers(seed);
  return Array.from({ length: count }, () => ({
    fault: only[Math.floor(random() * only.length)] ?? 'kill-tree',
    afterMs: 200 + Math.floor(random() * 1_500),
    lastsMs: 500 + Math.floor(random() * 8_000),
    nextAfterMs: random() * doubledOneIn < 1 ? Math.floor(random() * 1_000) : null,
  }));
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
