import type { Benchmark } from './benchmark.ts';
import { crashLoop } from './crash-loop.ts';
import { hang } from './hang.ts';
import { restart } from './restart.ts';
import { supervisorKill } from './supervisor-kill.ts';

export const benchmarks: readonly Benchmark[] = [restart, hang, crashLoop, supervisorKill];
