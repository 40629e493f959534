/** How states are shown: a word and a tone, so that colour never says it alone. */
import type { ActionKind } from '../../../src/model/record.ts';
import type { FaultKind } from '../../../src/model/symptom.ts';
import type {
  IncidentView,
  InstancePhase,
  InstanceView,
  ServiceView,
} from '../../../src/model/view.ts';
import type { Word } from '../words/english.ts';

export type Tone = 'good' | 'busy' | 'bad' | 'idle';

const phaseWords: Readonly<Record<InstancePhase, Word>> = {
  stopped: 'stateStopped',
  completed: 'completed',
  held: 'held',
  starting: 'stateStarting',
  running: 'running',
  ready: 'ready',
  unhealthy: 'unhealthy',
  stopping: 'stopping',
  exited: 'exited',
};

const phaseTones: Readonly<Record<InstancePhase, Tone>> = {
  stopped: 'idle',
  completed: 'idle',
  held: 'busy',
  starting: 'busy',
  running: 'busy',
  ready: 'good',
  unhealthy: 'bad',
  stopping: 'busy',
  exited: 'bad',
};

export function instanceWord({ phase, needsPerson }: InstanceView): Word {
  return needsPerson ? 'stateNeedsPerson' : phaseWords[phase];
}

export function instanceTone({ phase, needsPerson }: InstanceView): Tone {
  return needsPerson ? 'bad' : phaseTones[phase];
}

export const incidentWords: Readonly<Record<IncidentView['state'], Word>> = {
  open: 'stateOpen',
  acting: 'acting',
  verifying: 'verifying',
  'needs-person': 'stateNeedsPerson',
  resolved: 'resolved',
};

export const incidentTones: Readonly<Record<IncidentView['state'], Tone>> = {
  open: 'bad',
  acting: 'busy',
  verifying: 'busy',
  'needs-person': 'bad',
  resolved: 'good',
};

export const faultWords: Readonly<Record<FaultKind, Word>> = {
  crash: 'faultCrash',
  hang: 'faultHang',
  slow: 'faultSlow',
  overload: 'faultOverload',
  leak: 'faultLeak',
  disk: 'faultDisk',
  error: 'faultError',
  release: 'faultRelease',
  corruption: 'faultCorruption',
  unreachable: 'faultUnreachable',
  configuration: 'faultConfiguration',
};

export const actionWords: Readonly<Record<ActionKind, Word>> = {
  start: 'actionStart',
  stop: 'actionStop',
  restart: 'actionRestart',
  retry: 'actionRetry',
  'take-out': 'actionTakeOut',
  'put-back': 'actionPutBack',
  'fail-over': 'actionFailOver',
  'switch-over': 'actionSwitchOver',
  rejoin: 'actionRejoin',
  restore: 'actionRestore',
  run: 'actionRun',
  wait: 'actionWait',
  'ask-person': 'actionAskPerson',
};

const gravity: readonly Tone[] = ['bad', 'busy', 'good', 'idle'];

/** Of a service: that of its worst instance. */
export function serviceTone({ instances, wanted }: ServiceView): Tone {
  if (wanted === 'down') return 'idle';
  const tones = instances.map(instanceTone);
  return gravity.find((tone) => tones.includes(tone)) ?? 'idle';
}
