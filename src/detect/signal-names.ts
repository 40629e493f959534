/** The signals that expressions may mention, and what kind of symptom they make. */
import type { SignalName } from '../model/sample.ts';
import type { SymptomKind } from '../model/symptom.ts';

/** What they mean is told in `src/model/sample.ts`; `check.LABEL` comes on top of these. */
export const signalTree = {
  cpu: 'double',
  memory: { rss: 'double', pss: 'double' },
  threads: 'double',
  descriptors: 'double',
  processes: 'double',
  io: { read: 'double', write: 'double' },
  uptime: 'double',
  restarts: 'double',
  health: { latency: 'double' },
  endpoint: {
    connections: 'double',
    connect: 'double',
    requests: 'double',
    unanswered: 'double',
    status_1xx: 'double',
    status_2xx: 'double',
    status_3xx: 'double',
    status_4xx: 'double',
    status_5xx: 'double',
    latency: { p50: 'double', p95: 'double', p99: 'double' },
  },
  replication: { lag_bytes: 'double' },
  pressure: { cpu: 'double', memory: 'double', io: 'double' },
  host: {
    cpu: 'double',
    memory: { available: 'double' },
    load1: 'double',
    disk: { free: 'double' },
  },
} as const;

type Tree = { readonly [name: string]: 'double' | Tree };

function namesOf(tree: Tree, prefix = ''): SignalName[] {
  return Object.entries(tree).flatMap(([name, inner]) =>
    inner === 'double' ? [`${prefix}${name}`] : namesOf(inner, `${prefix}${name}.`),
  );
}

export const signalNames: readonly SignalName[] = namesOf(signalTree);

const known: ReadonlySet<string> = new Set(signalNames);

export function isSignal(name: string): boolean {
  return known.has(name) || /^check\../.test(name);
}

/** Measured of the host and not of each instance. */
export function isHostSignal(name: SignalName): boolean {
  return name.startsWith('host.') || name.startsWith('pressure.');
}

const kinds: readonly (readonly [RegExp, SymptomKind])[] = [
  [/^(host\.)?memory\./, 'memory'],
  [/^(host\.)?cpu$/, 'cpu'],
  [/^host\.load1$/, 'cpu'],
  [/^descriptors$/, 'descriptors'],
  [/^(host\.disk\.|io\.)/, 'disk'],
  [/^pressure\./, 'pressure'],
  [/^(health\.latency|endpoint\.connect|endpoint\.latency\..*)$/, 'latency'],
  [/^endpoint\.status_5xx$/, 'error'],
];

/** By the first rule that one of the signals meets: what grows comes before what is busy. */
export function kindOfSignals(signals: readonly SignalName[]): SymptomKind {
  for (const [pattern, kind] of kinds) {
    if (signals.some((signal) => pattern.test(signal))) return kind;
  }
  return 'signal';
}
