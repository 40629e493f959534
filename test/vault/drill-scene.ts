/** A service with data, a copy of them that stands for a recovery point, and a drill of it. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { service } from '../../src/engine/stack.fixture.ts';
import type { PointProof, RestoreDrillSpec } from '../../src/model/recovery-point.ts';
import type { HealthcheckSpec, ServiceSpec } from '../../src/model/stack-spec.ts';
import { expandTemplate } from '../../src/model/template.ts';
import { drill } from '../../src/vault/drill.ts';
import { type CopyOfFiles, fileSubject } from '../../src/vault/drill-copy.ts';
import { drillDirectory } from '../../src/vault/drill-place.ts';
import { besideService } from '../../src/vault-drill.ts';

const healthcheck: HealthcheckSpec = {
  probe: {
    ...{ kind: 'http', url: '/', method: 'GET', headers: {} },
    ...{ status: [[200, 200]], body: null },
  },
  ...{ intervalMs: 100, timeoutMs: 5_000, retries: 1, startPeriodMs: 1_000, startIntervalMs: 100 },
};

/** Its data are in `data` of this directory. */
export function counter(directory: string, options: Partial<ServiceSpec> = {}): ServiceSpec {
  const program = fileURLToPath(new URL('./drill-service.ts', import.meta.url));
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', program, '${DATA_DIR}'];
  const dataDir = join(directory, 'data');
  return service('counter', {
    ...{ command: { argv }, workingDir: directory, healthcheck, dataDir, ...options },
  });
}

/** Data as they are now, and a point of them. */
export function makeData(directory: string, count: string): void {
  mkdirSync(join(directory, 'data'), { recursive: true });
  writeFileSync(join(directory, 'data/count'), count);
  cpSync(join(directory, 'data'), join(directory, 'point/data'), { recursive: true });
}

export function subjectOf(
  directory: string,
  spec: ServiceSpec,
  source?: CopyOfFiles['source'],
): ReturnType<typeof fileSubject> {
  const runOf = (port: number | null, dataDir: string) => {
    const known: Readonly<Record<string, string>> = { DATA_DIR: dataDir, PORT: String(port) };
    const environment = { PATH: process.env['PATH'] ?? '', ...known };
    const expand = (template: string) => expandTemplate(template, (name) => known[name]);
    return { asUser: [], workingDir: directory, environment, expand };
  };
  return fileSubject({
    source: source ?? { kind: 'directory', paths: [join(directory, 'data')] },
    at: Date.now() - 60_000,
    restoreInto: async (into) => cpSync(join(directory, 'point'), into, { recursive: true }),
    beside: { ...besideService(spec, runOf), startLimitMs: 20_000 },
  });
}

export function drillOf(
  directory: string,
  subject: ReturnType<typeof fileSubject>,
  verify: RestoreDrillSpec['verify'] = [],
): Promise<PointProof> {
  return drill(subject, {
    ...{ verify, now: Date.now, signal: new AbortController().signal },
    directory: drillDirectory(join(directory, 'data'), 'x1'),
  });
}

/** As a program: the drill of a directory, until it is killed. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [directory = ''] = process.argv.slice(2);
  const command = { argv: ['sleep', '1000000'] };
  const verify = [{ kind: 'command', command, timeoutMs: 1_000_000 }] as const;
  const subject = subjectOf(directory, counter(directory));
  const start: typeof subject.start = async (...args) => {
    const copy = await subject.start(...args);
    process.stdout.write('started\n');
    return copy;
  };
  await drillOf(directory, { ...subject, start }, verify);
}
