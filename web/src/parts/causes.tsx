/** What it was blamed on, how surely, and by what evidence. */
import type { Cause } from '../../../src/model/record.ts';
import { useSay, useTell } from '../words/words.ts';
import { faultWords } from './state.ts';

const likelyFrom = 0.05;
const othersMax = 5;

export function Causes(props: { readonly causes: readonly Cause[]; readonly unsure: boolean }) {
  const say = useSay();
  const likely = props.causes.filter(({ probability }) => probability >= likelyFrom);
  const others = props.causes.filter((cause) => !likely.includes(cause)).slice(0, othersMax);
  return (
    <section aria-label={say('causes')}>
      <h2>{say('causes')}</h2>
      {props.unsure ? <p className="hint">{say('unsure')}</p> : null}
      <List causes={likely} />
      {others.length === 0 ? null : (
        <details>
          <summary>{say('considered')}</summary>
          <List causes={others} />
        </details>
      )}
    </section>
  );
}

function List({ causes }: { readonly causes: readonly Cause[] }) {
  return (
    <ul className="causes">
      {causes.map((cause) => (
        <One key={`${cause.component} ${cause.fault}`} cause={cause} />
      ))}
    </ul>
  );
}

function One({ cause }: { readonly cause: Cause }) {
  const say = useSay();
  const tell = useTell();
  const percent = Math.round(cause.probability * 100);
  const name = say('labelled', { name: cause.component, what: say(faultWords[cause.fault]) });
  return (
    <li>
      <div className="cause">
        <strong>{name}</strong>
        <span>{percent} %</span>
      </div>
      <meter min={0} max={100} value={percent} aria-label={name} />
      {cause.cases === undefined ? null : (
        <p className="hint">{say('cases', { count: cause.cases })}</p>
      )}
      <ul className="evidence">
        {cause.evidence.map((one) => (
          <li key={one.text} className={one.supports ? 'for' : 'against'}>
            <span>{say(one.supports ? 'evidenceFor' : 'evidenceAgainst')}</span> {tell(one.text)}
          </li>
        ))}
      </ul>
    </li>
  );
}
