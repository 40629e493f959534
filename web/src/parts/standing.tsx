/** One line that says how the stack stands, large and coloured. */
import { useContext } from 'react';
import type { IncidentView, StackView } from '../../../src/model/view.ts';
import { pathTo } from '../state/route.ts';
import { useLive } from '../state/use-live.ts';
import { type Say, Speech, type Tell } from '../words/words.ts';
import { Link } from './link.tsx';
import type { Tone } from './state.ts';

export function Standing() {
  const { say, tell } = useContext(Speech);
  const { connected, stack, incidents } = useLive();
  if (stack === null) return null;
  const worst = worstOf(incidents);
  const [tone, text] = connected
    ? standing(stack, worst, { say, tell })
    : (['idle', say('disconnected')] as const);
  return (
    <p className={`standing ${tone}`} role="status">
      {worst === null || !connected ? text : <Link to={pathTo('incident', worst.id)}>{text}</Link>}
    </p>
  );
}

function worstOf(incidents: readonly IncidentView[]): IncidentView | null {
  const open = incidents.filter(({ state }) => state !== 'resolved');
  return open.find(({ state }) => state === 'needs-person') ?? open[0] ?? null;
}

function standing(
  { state, services }: StackView,
  worst: IncidentView | null,
  { say, tell }: { readonly say: Say; readonly tell: Tell },
): readonly [Tone, string] {
  if (worst?.state === 'needs-person') {
    const what = worst.summary.replace(' needs a person: ', ': ');
    return ['bad', say('needsPerson', { what: tell(what) })];
  }
  if (worst !== null) {
    const what = worst.summary === '' ? (worst.component ?? worst.id) : worst.summary;
    const service = services.find(({ name }) => name === worst.component?.split('/')[0]);
    const rests = service?.maintenance !== undefined;
    return ['busy', say(rests ? 'resting' : 'recovering', { what: tell(what) })];
  }
  if (state === 'stopped') return ['idle', say('stopped')];
  if (state !== 'running') return ['busy', say('starting')];
  return ['good', say('allWell')];
}
