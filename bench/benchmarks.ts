import { backendHang } from './backend-hang.ts';
import type { Benchmark } from './benchmark.ts';
import { consoleBenchmark } from './console.ts';
import { consoleCrowd } from './console-crowd.ts';
import { crashLoop } from './crash-loop.ts';
import { endpoint } from './endpoint.ts';
import { engine } from './engine.ts';
import { hang } from './hang.ts';
import { httpEndpoint } from './http-endpoint.ts';
import { idle } from './idle.ts';
import { pgFailover } from './pg-failover.ts';
import { pgRecovery } from './pg-recovery.ts';
import { plan } from './plan.ts';
import { recoveryPoints } from './recovery-points.ts';
import { restart } from './restart.ts';
import { supervisorKill } from './supervisor-kill.ts';
import { switchover } from './switchover.ts';
import { up } from './up.ts';

export const benchmarks: readonly Benchmark[] = [
  restart,
  hang,
  crashLoop,
  supervisorKill,
  endpoint,
  httpEndpoint,
  backendHang,
  idle,
  up,
  engine,
  plan,
  pgFailover,
  switchover,
  recoveryPoints,
  pgRecovery,
  consoleBenchmark,
  consoleCrowd,
];
