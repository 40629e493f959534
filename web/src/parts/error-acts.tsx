/** What can be done to an error: acknowledge, mute for a time, show again. */
import { useContext, useState } from 'react';
import type { ErrorRecord } from '../../../src/model/error-record.ts';
import { useMay } from '../state/use-may.ts';
import type { Word } from '../words/english.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';

const hourMs = 3_600_000;
const spans: readonly (readonly [Word, number | null])[] = [
  ['oneHour', hourMs],
  ['day', 24 * hourMs],
  ['week', 7 * 24 * hourMs],
  ['forEver', null],
];

interface Props {
  readonly error: ErrorRecord;
  readonly then: () => void;
}

function pathOf({ id }: ErrorRecord): string {
  return `/api/v1/errors/${encodeURIComponent(id)}`;
}

export function ErrorActs({ error, then }: Props) {
  const say = useSay();
  const may = useMay('operator');
  return (
    <>
      <Standing error={error} />
      {may ? (
        <div className="buttons">
          {error.acknowledgedBy === null ? (
            <DeedButton
              deed={{
                label: 'acknowledge',
                sentence: say('sureAcknowledge', { what: error.code }),
                path: `${pathOf(error)}/acknowledge`,
              }}
              then={then}
            />
          ) : null}
          {error.muted === null ? (
            <MuteButton error={error} then={then} />
          ) : (
            <DeedButton
              deed={{
                label: 'unmute',
                sentence: say('sureUnmute', { what: error.code }),
                path: `${pathOf(error)}/unmute`,
              }}
              then={then}
            />
          )}
        </div>
      ) : null}
    </>
  );
}

function Standing({ error }: { readonly error: ErrorRecord }) {
  const say = useSay();
  const { language } = useContext(Speech);
  const { acknowledgedBy, muted } = error;
  if (muted === null && acknowledgedBy === null) return null;
  if (muted === null)
    return <p className="hint">{say('acknowledgedBy', { who: acknowledgedBy ?? '' })}</p>;
  const { by: who, until } = muted;
  if (until === null) return <p className="hint">{say('mutedForEverBy', { who })}</p>;
  return <p className="hint">{say('mutedBy', { who, until: moment(until, language) })}</p>;
}

function MuteButton({ error, then }: Props) {
  const say = useSay();
  const [chosen, setChosen] = useState<Word>('oneHour');
  const lastsMs = spans.find(([word]) => word === chosen)?.[1] ?? null;
  // Who chooses «for ever» and is told what that means has consented.
  const body = () =>
    lastsMs === null ? { until: null, consent: true } : { until: Date.now() + lastsMs };
  return (
    <DeedButton
      deed={{
        label: 'mute',
        sentence: say('sureMute', { what: error.code }),
        path: `${pathOf(error)}/mute`,
        body,
      }}
      then={then}
    >
      <label>
        {say('muteFor')}
        <select value={chosen} onChange={(event) => setChosen(event.target.value as Word)}>
          {spans.map(([word]) => (
            <option key={word} value={word}>
              {say(word)}
            </option>
          ))}
        </select>
      </label>
      {lastsMs === null ? <p className="alert">{say('muteForEver')}</p> : null}
    </DeedButton>
  );
}
