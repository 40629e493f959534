/** How far the work on a service's recovery points is, asked each second while somebody looks. */
import { createContext, useEffect, useRef, useState } from 'react';
import { useRead } from './use-read.ts';
import { useTick } from './use-tick.ts';

const everyMs = 1_000;
/** A rate of less time than this says little. */
const measuredMinMs = 500;

interface PointJob {
  readonly service: string;
  readonly work: string;
  /** Stack time. */
  readonly since: number;
  /** In a word or two; empty: it has not told yet. */
  readonly stage: string;
  readonly bytes: number;
  readonly total: number | null;
}

export interface PointProgress extends PointJob {
  /** Of the stage that it is in; null: it isn't known yet. */
  readonly bytesPerSecond: number | null;
  readonly leftMs: number | null;
}

/** What is shown of the page's service; null: nothing goes on. */
export const PointJobContext = createContext<PointProgress | null>(null);

/** What takes time; the rest is over before anybody could read it. */
const shown: ReadonlySet<string> = new Set(['make', 'verify', 'restore', 'drill']);

export function usePointJob(service: string): PointProgress | null {
  const { value } = useRead<{ items: readonly PointJob[] }>(
    '/api/v1/points/jobs',
    useTick(everyMs),
  );
  const began = useRef<{ stage: string; at: number; bytes: number } | null>(null);
  const [progress, setProgress] = useState<PointProgress | null>(null);
  useEffect(() => {
    const job = value?.items.find((one) => one.service === service && shown.has(one.work));
    if (job === undefined) {
      began.current = null;
      setProgress(null);
      return;
    }
    const now = performance.now();
    const stage = `${job.work} ${job.since} ${job.stage}`;
    if (began.current?.stage !== stage) began.current = { stage, at: now, bytes: job.bytes };
    setProgress({ ...job, ...pace(job, job.bytes - began.current.bytes, now - began.current.at) });
  }, [value, service]);
  return progress;
}

function pace({ bytes, total }: PointJob, done: number, ms: number) {
  if (ms < measuredMinMs || done <= 0) return { bytesPerSecond: null, leftMs: null };
  const leftMs = total === null ? null : (Math.max(0, total - bytes) * ms) / done;
  return { bytesPerSecond: (done * 1_000) / ms, leftMs };
}
