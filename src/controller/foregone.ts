/**
 * Whether it is a foregone conclusion that an instance would be started again, at once, if it ended
 * now: the engine is asked, by a play with a draft of its present state, for every way to end.
 */
import { type EngineState, step } from '../engine/index.ts';
import type { ExitInfo } from '../model/exit.ts';
import type { InstanceId } from '../model/ids.ts';
import { draftOf } from './draft.ts';

const killed: ExitInfo = {
  code: null,
  signal: 'SIGKILL',
  known: true,
  oom: false,
  lastLines: [],
};

const exits: readonly ExitInfo[] = [
  killed,
  { ...killed, signal: null, code: 0 },
  { ...killed, signal: null, code: 1 },
  { ...killed, oom: true },
  { ...killed, signal: null, known: false },
];

/** What the engine may say beside the start: it contradicts nothing. */
const besides: ReadonlySet<string> = new Set(['route', 'notify']);

/** Whether it is worth asking: it works, and nothing but its program has to be started. */
export function mayBeForegone(state: EngineState, id: InstanceId): boolean {
  const instance = state.instances[id];
  const spec = state.services[instance?.service ?? '']?.spec;
  if (spec === undefined || instance?.phase !== 'ready' || instance.wanted === 'down') return false;
  const { policy } = spec.restart;
  const always = policy === 'always' || policy === 'unless-stopped';
  return always && spec.driver === 'process' && spec.failover === undefined;
}

export function isForegone(state: EngineState, instance: InstanceId, at: number): boolean {
  if (state.looking || !mayBeForegone(state, instance)) return false;
  return exits.every((exit) => {
    const happening = { kind: 'exited' as const, instance, exit };
    const { commands } = step(draftOf(state), { ...happening, at, random: 0.5 });
    const acts = commands.filter(({ kind }) => !besides.has(kind));
    const [act] = acts;
    const starts = act?.kind === 'start' && act.instance === instance && act.order === undefined;
    return starts && acts.length === 1;
  });
}
