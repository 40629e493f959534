/**
 * Cuts connections of this machine for a while: nftables drops their packets without a word, as a
 * network does that is gone. Only root may do so.
 *
 * The kernel itself ends each cut when its time is over, also when the drill was killed meanwhile.
 */
import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

/** Several may last at a time. */
let cuts = 0;

/** Null: the kernel or the user does not let us. Resolves in the end, when the packets pass. */
export function cut(what: Cut, lastsMs: number): Promise<void> | null {
  cuts += 1;
  const table = `daruma_ledger_${process.pid}_${cuts}`;
  if (process.geteuid?.() !== 0 || !apply(rules(table, what, lastsMs))) return null;
  return pause(lastsMs).then(() => {
    apply(`delete table inet ${table}\n`);
  });
}

export interface Cut {
  /** Nobody reaches it. */
  readonly port: number;
  /** Only what this user's processes send to it is lost. */
  readonly from?: number;
}

function rules(table: string, { port, from }: Cut, lastsMs: number): string {
  const sender = from === undefined ? '' : `meta skuid ${from} `;
  const both = from === undefined ? `add rule inet ${table} out tcp sport @cut drop\n` : '';
  return `add table inet ${table}
delete table inet ${table}
add table inet ${table}
add set inet ${table} cut { type inet_service; flags timeout; }
add chain inet ${table} out { type filter hook output priority 0; }
add rule inet ${table} out ${sender}tcp dport @cut drop
${both}add element inet ${table} cut { ${port} timeout ${lastsMs}ms }
`;
}

function apply(commands: string): boolean {
  try {
    execFileSync('nft', ['-f', '-'], { input: commands, stdio: ['pipe', 'ignore', 'ignore'] });
    return true;
  } catch {
    // There is no such program, or it may not.
    return false;
  }
}
