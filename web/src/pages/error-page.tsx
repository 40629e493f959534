/** One error: where it comes from, how often it happens, its stack, its latest happenings. */
import { useContext, useState } from 'react';
import type { ErrorDetail } from '../../../src/model/error-record.ts';
import { ErrorActs } from '../parts/error-acts.tsx';
import { messageOf } from '../parts/error-message.ts';
import { Origin } from '../parts/error-rows.tsx';
import { NotYet } from '../parts/failure.tsx';
import { Link } from '../parts/link.tsx';
import { LogsAround } from '../parts/log-around.tsx';
import { Table } from '../parts/table.tsx';
import { Trend } from '../parts/trend.tsx';
import { pathTo } from '../state/route.ts';
import { useRead } from '../state/use-read.ts';
import { useTick } from '../state/use-tick.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay, useTell } from '../words/words.ts';

const lookEveryMs = 2_000;

export function ErrorPage({ id }: { readonly id: string }) {
  const tell = useTell();
  const [done, setDone] = useState(0);
  const tick = useTick(lookEveryMs);
  const path = `/api/v1/errors/${encodeURIComponent(id)}`;
  const { value: found, error } = useRead<ErrorDetail>(path, `${tick} ${done}`);
  if (found === null) return <NotYet error={error} />;
  return (
    <article>
      <h1>
        <code>{found.code}</code>
      </h1>
      <p className="lead message">{messageOf(found, tell)}</p>
      <ErrorActs error={found} then={() => setDone(done + 1)} />
      <Facts error={found} />
      {found.stack === null ? null : <Stack text={found.stack} />}
      <Latest error={found} />
      <Occurrences of={found} />
    </article>
  );
}

function Facts({ error }: { readonly error: ErrorDetail }) {
  const say = useSay();
  const { language } = useContext(Speech);
  const { origin, source, release, count, firstSeen, lastSeen, trend, incidents } = error;
  return (
    <dl className="facts">
      <dt>{say('origin')}</dt>
      <dd>
        <Origin origin={origin} /> <span className="hint">{origin.host}</span>
      </dd>
      <dt>{say('toldBy')}</dt>
      <dd>{source}</dd>
      <dt>{say('release')}</dt>
      <dd>{release ?? '–'}</dd>
      <dt>{say('count')}</dt>
      <dd>{count}</dd>
      <dt>{say('firstSeen')}</dt>
      <dd>{moment(firstSeen, language)}</dd>
      <dt>{say('lastSeen')}</dt>
      <dd>{moment(lastSeen, language)}</dd>
      <dt>{say('day')}</dt>
      <dd>
        <Trend counts={trend.hours} span={say('day')} />
      </dd>
      <dt>{say('week')}</dt>
      <dd>
        <Trend counts={trend.quarters} span={say('week')} />
      </dd>
      <dt>{say('incidents')}</dt>
      <dd>
        {incidents.length === 0
          ? say('none')
          : incidents.map(({ incident }) => (
              <span key={incident} className="neighbour">
                <Link to={pathTo('incident', incident)}>{incident}</Link>
              </span>
            ))}
      </dd>
    </dl>
  );
}

function Stack({ text }: { readonly text: string }) {
  const say = useSay();
  return (
    <section>
      <h2>{say('callStack')}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard must be able to scroll it */}
      <pre className="log" tabIndex={0}>
        {text}
      </pre>
    </section>
  );
}

function Latest({ error }: { readonly error: ErrorDetail }) {
  const say = useSay();
  const { origin, log, lastSeen } = error;
  if (origin.instance === null || log === null) return null;
  const places = [{ instance: origin.instance, offset: log, at: lastSeen }];
  return <LogsAround title={say('logLatest')} places={places} mark={() => error.code} />;
}

function Occurrences({ of: { occurrences, source } }: { readonly of: ErrorDetail }) {
  const { language, say, tell } = useContext(Speech);
  if (occurrences.length === 0) return null;
  return (
    <section>
      <h2>{say('latest')}</h2>
      <Table
        label={say('latest')}
        heads={[say('when'), say('message'), say('role'), say('release'), say('incident')]}
      >
        {occurrences.map(({ at, message, role, release, incident }, index) => (
          <tr key={`${at} ${index}`}>
            <td>{moment(at, language)}</td>
            <td className="message">{messageOf({ message, source }, tell)}</td>
            <td>{role === undefined ? '' : say(role)}</td>
            <td>{release ?? ''}</td>
            <td>
              {incident === undefined ? null : (
                <Link to={pathTo('incident', incident)}>{incident}</Link>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
