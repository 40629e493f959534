/**
 * The default tables: what is assumed of faults, and what is learned leans on. All numbers are
 * judgement, not measurement; what counts is their order of magnitude. Probabilities, 0 to 1.
 */
import type { FaultKind, SymptomKind } from '../model/symptom.ts';

type Shows = Readonly<Partial<Record<SymptomKind | 'killed', number>>>;

/**
 * How likely a fault shows a symptom at its own component. `killed` is an exit by a signal, which
 * programs seldom bring upon themselves.
 */
export const showOwn: Readonly<Record<FaultKind, Shows>> = {
  crash: { exit: 0.95, killed: 0.97, oom: 0.05, 'health-refused': 0.3 },
  hang: { 'health-timeout': 0.9, stopped: 0.5, unready: 0.3, latency: 0.3, exit: 0.01 },
  slow: { 'health-timeout': 0.15, latency: 0.8, pressure: 0.3, signal: 0.2 },
  overload: { cpu: 0.8, latency: 0.5, pressure: 0.6, 'health-timeout': 0.15, signal: 0.2 },
  leak: {
    memory: 0.9,
    oom: 0.9,
    descriptors: 0.8,
    'health-timeout': 0.1,
    latency: 0.2,
    pressure: 0.3,
    killed: 0.02,
  },
  disk: {
    disk: 0.9,
    'io-error': 0.9,
    integrity: 0.02,
    'recovery-point': 0.1,
    'read-only': 0.9,
    'health-failed': 0.3,
    exit: 0.2,
    log: 0.3,
    error: 0.3,
    'start-failed': 0.1,
  },
  error: {
    'health-failed': 0.8,
    exit: 0.4,
    log: 0.5,
    error: 0.8,
    unready: 0.2,
    'health-refused': 0.5,
    signal: 0.2,
    role: 0.3,
  },
  release: { 'health-failed': 0.5, exit: 0.5, unready: 0.6, error: 0.6, 'start-failed': 0.2 },
  corruption: {
    integrity: 0.95,
    'health-failed': 0.4,
    exit: 0.4,
    unready: 0.3,
    log: 0.5,
    error: 0.5,
  },
  unreachable: { 'health-timeout': 0.3, 'health-refused': 0.6, latency: 0.2, role: 0.3 },
  configuration: {
    'start-failed': 0.95,
    exit: 0.6,
    unready: 0.6,
    'health-refused': 0.3,
    'health-failed': 0.3,
  },
};

/** How likely it shows at a component that depends on the faulty one, one step away. */
const broken: Shows = {
  'health-failed': 0.7,
  'health-timeout': 0.5,
  'health-refused': 0.1,
  exit: 0.4,
  unready: 0.6,
  latency: 0.4,
  error: 0.6,
  log: 0.5,
  signal: 0.3,
};
const late: Shows = { 'health-timeout': 0.4, 'health-failed': 0.2, latency: 0.7, log: 0.2 };
const wrong: Shows = { 'health-failed': 0.4, exit: 0.15, error: 0.5, log: 0.4, unready: 0.3 };

export const showDependant: Readonly<Record<FaultKind, Shows>> = {
  crash: broken,
  hang: { ...broken, 'health-timeout': 0.7, exit: 0.2, latency: 0.7 },
  slow: late,
  overload: late,
  leak: { latency: 0.1 },
  disk: wrong,
  error: wrong,
  release: wrong,
  corruption: wrong,
  unreachable: broken,
  configuration: broken,
};

/** How likely a symptom is seen although no fault of the model brings it about. */
export const leaks: Readonly<Record<SymptomKind | 'killed', number>> = {
  exit: 0.0005,
  killed: 0.0005,
  oom: 0.0001,
  'start-failed': 0.0001,
  'health-timeout': 0.0005,
  'health-refused': 0.0005,
  'health-failed': 0.0005,
  unready: 0.0005,
  stopped: 0.0001,
  cpu: 0.005,
  memory: 0.0005,
  disk: 0.0005,
  latency: 0.005,
  descriptors: 0.0005,
  pressure: 0.005,
  signal: 0.005,
  log: 0.005,
  error: 0.005,
  'io-error': 0.00001,
  'read-only': 0.00001,
  role: 0.0001,
  integrity: 0.00001,
  'recovery-point': 0.01,
};

/** How likely each kind of fault is at one component, before anything was seen. */
export const priors: Readonly<Record<FaultKind, number>> = {
  crash: 0.03,
  hang: 0.02,
  slow: 0.01,
  overload: 0.01,
  leak: 0.008,
  disk: 0.002,
  error: 0.01,
  release: 0.0001,
  corruption: 0.0005,
  unreachable: 0.001,
  configuration: 0.002,
};

/** A start, hence a chance of new settings or a new version, so recently makes these likelier. */
export const recentChange = {
  withinMs: 60_000,
  factor: 6,
  kinds: new Set<FaultKind>(['release', 'configuration']),
};

/** What a host can have; every instance on it feels it. */
export const hostKinds: readonly FaultKind[] = ['disk', 'overload'];
export const hostPriorFactor = 0.05;
export const hostReach = 0.6;

/** A fault of a dependency comes through to its dependant with this probability, per edge. */
export const edgeStrength = 0.9;
/** A fault of one instance shows at its service as a whole with this probability. */
export const serviceReach = 0.8;
/** A symptom that the user says means a fault; and one that he says means others. */
export const declaredShow = 0.8;
export const undeclaredShow = 0.02;
/** How much an absent symptom counts while nobody has looked since the others began. */
export const unconfirmedWeight = 0.3;
/** The check made on request may be wrong. */
export const confirmError = 0.05;
/** What was mended comes again so soon that it looks as if it had not been. */
export const recurs = 0.3;
/** Failures of the same action that count: what undid it once undoes it again. */
export const failuresCounted = 2;
/** An action fails although nothing was wrong: the symptoms came back by chance. */
export const needlessFails = 0.05;
/** A cause that began clearly after its effects is so much less likely. */
export const lateCauseFactor = 0.15;
export const onsetSlackMs = 3000;
/** Below this probability the best cause is «not sure». */
export const sureFrom = 0.6;
/** A symptom is explained by a cause that shows it at least so likely. */
export const explainsFrom = 0.1;
