/** The story of an incident from onset to verified, each part as long as it took. */

import { useContext } from 'react';
import type { IncidentView } from '../../../src/model/view.ts';
import type { Word } from '../words/english.ts';
import { moment, span } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';

interface Step {
  readonly word: Word;
  readonly at: number;
}

export function stepsOf(incident: IncidentView): readonly Step[] {
  const { onset, returned, detected, located, acted, recovered, resolved } = incident;
  const steps: readonly (readonly [Word, number | null])[] = [
    ['onset', returned ?? onset],
    ['detected', Math.max(detected, returned ?? 0)],
    ['located', located],
    ['acted', acted],
    ['recovered', recovered],
    ['verified', resolved],
  ];
  return steps.flatMap(([word, at]) => (at === null ? [] : [{ word, at }]));
}

export function Timeline({ incident }: { readonly incident: IncidentView }) {
  const say = useSay();
  const { language } = useContext(Speech);
  const steps = stepsOf(incident);
  const first = steps[0]?.at ?? 0;
  return (
    <section aria-label={say('timeline')}>
      <h2>{say('timeline')}</h2>
      <Bar steps={steps} />
      <ol className="steps">
        {steps.map(({ word, at }, index) => (
          <li key={word}>
            <strong>{say(word)}</strong>
            <time dateTime={new Date(at).toISOString()}>{moment(at, language)}</time>
            {index === 0 ? null : (
              <span>{say('afterOnset', { time: span(Math.max(0, at - first), language) })}</span>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Lengths by the logarithm: detecting takes milliseconds where verifying takes seconds. */
function Bar({ steps }: { readonly steps: readonly Step[] }) {
  const { language, say } = useContext(Speech);
  const parts = steps.slice(1).map(({ word, at }, index) => {
    const ms = Math.max(0, at - (steps[index]?.at ?? at));
    return { word, ms, weight: 1 + Math.log10(1 + ms) };
  });
  return (
    <div className="bar" aria-hidden="true">
      {parts.map(({ word, ms, weight }) => (
        <div key={word} className={`part ${word}`} style={{ flexGrow: weight }}>
          <span>{say(word)}</span> {span(ms, language)}
        </div>
      ))}
    </div>
  );
}
