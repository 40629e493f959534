/** Makes of the end of a process what people and the engine are told. */
import type { ExitInfo } from '../model/exit.ts';
import { kernelKilled } from './oom.ts';
import type { RunRecord } from './run-file.ts';

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: string | null;
  readonly known: boolean;
}

/** Of a process that is not our child. */
export const statusUnknown: ExitStatus = { code: null, signal: null, known: false };

/** What a shell returns when what it ran was ended by SIGKILL. */
const shellKilled = 128 + 9;
const lineCount = 20;

export interface ExitSurroundings {
  readonly lastLines: (count: number, sinceOffset: number) => readonly string[];
  /** Kills that the cgroup has counted by now; null: not counted. */
  readonly oomKills: number | null;
  /** It ran since the system was booted last. */
  readonly thisBoot: boolean;
}

export function exitInfo(
  record: RunRecord,
  status: ExitStatus,
  around: ExitSurroundings,
): ExitInfo {
  return {
    ...status,
    oom: wasOutOfMemory(record, status, around),
    lastLines: around.lastLines(lineCount, record.logOffset),
  };
}

/** A kill in its tree long ago doesn't explain an exit that was no kill. */
function wasOutOfMemory(
  record: RunRecord,
  { known, signal, code }: ExitStatus,
  { oomKills, thisBoot }: ExitSurroundings,
): boolean {
  const killed = !known || signal === 'SIGKILL' || code === shellKilled;
  if (!killed || !thisBoot) return false;
  if (oomKills !== null && record.oomKills !== null) return oomKills > record.oomKills;
  return kernelKilled(record) ?? false;
}
