/** One case: all that a run depends on. Made from a seed, and made smaller when it fails. */
import type { PersonRequest } from '../model/event.ts';
import type { InstanceId, ServiceName } from '../model/ids.ts';
import type { StackSpec } from '../model/stack-spec.ts';

/** What a program really is like; the engine is never told. */
export interface Program {
  readonly startMs: number;
  readonly stopMs: number;
  readonly answerMs: number;
  /** Ends by itself with code 0 after so long; null: runs on. */
  readonly completesAfterMs: number | null;
  /** What it does while a dependency that it needs is broken. */
  readonly withoutDependency: 'ignores' | 'answers-wrongly' | 'hangs' | 'exits';
  readonly exitsAfterMs: number;
  /** It answers wrongly while the host's disk is full. */
  readonly needsDisk?: boolean;
}

/** Faults of one program. `until` null: the next restart mends it. */
export const programFaults = [
  'crash', // ends at once
  'crash-loop', // ends soon after each start
  'hang', // no answer
  'slow', // answers late
  'slow-start',
  'no-start', // can't be started; another try may help
  'hopeless-start', // can't be started; another try can't help
  'leak',
  'failing', // answers wrongly
  'unstoppable', // a process that can't be killed
] as const;
/** What is seen is not what is. */
export const probeFaults = ['lost-probes', 'late-probes', 'false-green'] as const;
const controllerFaults = ['controller-kill', 'sleep', 'clock-step'] as const;
export const storeFaults = ['disk-full', 'disk-slow'] as const;
/** Of an instance that may be primary. */
const replicaFaults = [
  'no-position', // it answers, and never tells how far its data reaches
] as const;
/** Of the machine that all instances share. */
const hostFaults = [
  'host-disk', // its disk is full: told by a signal, and some programs answer wrongly
  'host-io', // the kernel reports a failing device
] as const;

export type ProgramFault = (typeof programFaults)[number];
export type ProbeFault = (typeof probeFaults)[number];
export type StoreFault = (typeof storeFaults)[number];
export type ReplicaFault = (typeof replicaFaults)[number];
export type HostFault = (typeof hostFaults)[number];
export const allFaults = [...programFaults, ...probeFaults, ...controllerFaults, ...storeFaults];
export type FaultName = (typeof allFaults)[number] | 'request';
/** What somebody does to a service that is not ours to run. */
export type Meddling = 'stop' | 'restart';

/** Where the controller is killed, at the `count`-th time that it comes by after `at`. */
export const killPoints = [
  'now',
  'before-append',
  'torn-append', // only the first records of the append are durable
  'after-append',
  'before-command',
  'after-gate',
  'after-signal',
] as const;
export type KillPoint = (typeof killPoints)[number];

interface FaultBase {
  /** Number in its case; stays the same when others are left out. */
  readonly id: number;
  /** True time. */
  readonly at: number;
}

export type Fault = FaultBase &
  (
    | {
        readonly name: ProgramFault;
        readonly target: InstanceId;
        readonly until: number | null;
        /** Milliseconds, bytes per second or a factor, as the kind needs. */
        readonly amount: number;
        /** Crash: by a signal and not with a code. Hang: the kernel shows that it is stopped. */
        readonly variant: boolean;
      }
    | {
        readonly name: ProbeFault;
        readonly target: InstanceId;
        readonly until: number;
        readonly probability: number;
      }
    | {
        readonly name: 'controller-kill';
        readonly point: KillPoint;
        readonly count: number;
        readonly downMs: number;
      }
    | { readonly name: 'sleep'; readonly ms: number }
    | { readonly name: 'clock-step'; readonly ms: number }
    | { readonly name: StoreFault; readonly until: number; readonly ms: number }
    | { readonly name: 'request'; readonly request: PersonRequest }
    /** A person answers the newest incident that needs one. */
    | { readonly name: 'answer'; readonly given: boolean }
    | { readonly name: HostFault; readonly until: number }
    | { readonly name: ReplicaFault; readonly target: InstanceId; readonly until: number }
    /** Lines that a pattern matches, one each `everyMs`. */
    | {
        readonly name: 'log-lines';
        readonly target: InstanceId;
        readonly until: number;
        readonly everyMs: number;
      }
    | { readonly name: 'meddling'; readonly target: InstanceId; readonly what: Meddling }
  );

export interface Case {
  readonly seed: string;
  readonly spec: StackSpec;
  readonly programs: Readonly<Record<ServiceName, Program>>;
  readonly faults: readonly Fault[];
  /** When the faults stop. */
  readonly quietAt: number;
}

/** What is left out of a case; names stay, so that it can be said on a command line. */
export interface Cut {
  /** Ids of the faults that are kept; null: all. */
  readonly faults: readonly number[] | null;
  /** Services that are kept; null: all. */
  readonly services: readonly ServiceName[] | null;
  /** One instance of each service. */
  readonly single: boolean;
}

export const noCut: Cut = { faults: null, services: null, single: false };

export function cutCase(whole: Case, cut: Cut): Case {
  const kept = (name: ServiceName) => cut.services === null || cut.services.includes(name);
  const services = whole.spec.services
    .filter((service) => kept(service.name))
    .map((service) => ({
      ...service,
      replicas: cut.single && service.failover === undefined ? 1 : service.replicas,
      dependsOn: service.dependsOn.filter((one) => kept(one.service)),
    }));
  const instances = new Set(
    services.flatMap(({ name, replicas }) =>
      Array.from({ length: replicas }, (_, index) => `${name}/${index + 1}`),
    ),
  );
  const targets = new Set<string>([...instances, ...services.map((one) => one.name)]);
  const faults = whole.faults.filter(
    (fault) =>
      (cut.faults === null || cut.faults.includes(fault.id)) &&
      (targetOf(fault) === null || targets.has(targetOf(fault) ?? '')),
  );
  return { ...whole, spec: { ...whole.spec, services }, faults };
}

function targetOf(fault: Fault): string | null {
  if ('target' in fault) return fault.target;
  if (fault.name === 'request' && 'target' in fault.request) return fault.request.target;
  if (fault.name === 'request' && 'service' in fault.request) return fault.request.service;
  return null;
}
