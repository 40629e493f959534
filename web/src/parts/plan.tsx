/** What was done and why that and nothing else. */
import { useContext } from 'react';
import type { IncidentView } from '../../../src/model/view.ts';
import type { Word } from '../words/english.ts';
import { moment, span } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { Badge } from './badge.tsx';
import { actionWords, type Tone } from './state.ts';

type Action = IncidentView['actions'][number];

const outcomes = {
  verified: ['outcomeVerified', 'good'],
  failed: ['outcomeFailed', 'bad'],
  unknown: ['outcomeUnknown', 'idle'],
} as const;

function standing(action: Action): readonly [Word, Tone] {
  if (action.wouldOnly) return ['wouldOnly', 'idle'];
  if (action.outcome !== null) return outcomes[action.outcome];
  return ['underWay', 'busy'];
}

export function Plan({ actions }: { readonly actions: readonly Action[] }) {
  const say = useSay();
  return (
    <section aria-label={say('plan')}>
      <h2>{say('plan')}</h2>
      <ol className="plan">
        {actions.map((action) => (
          <One key={action.action} action={action} />
        ))}
      </ol>
    </section>
  );
}

function One({ action }: { readonly action: Action }) {
  const { language, say, tell } = useContext(Speech);
  const [word, tone] = standing(action);
  const { begun, done, considered } = action;
  return (
    <li>
      <p className="reason">
        {tell(action.reason)} <Badge tone={tone}>{say(word)}</Badge>
      </p>
      <p className="hint">
        {begun === null ? null : moment(begun, language)}
        {begun === null || done === null
          ? null
          : ` · ${say('took')} ${span(done - begun, language)}`}
        {action.error === null ? null : ` · ${tell(action.error)}`}
      </p>
      {considered.length === 0 ? null : (
        <details>
          <summary>{say('considered')}</summary>
          <ul>
            {considered.map((one) => (
              <li key={`${one.kind} ${one.target} ${one.why}`}>
                {say('labelled', {
                  name: `${say(actionWords[one.kind])} ${one.target}`,
                  what: tell(one.why),
                })}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}
