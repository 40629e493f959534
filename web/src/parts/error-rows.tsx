/** Errors as a table. */
import { Fragment, memo, useContext } from 'react';
import type { ErrorOrigin, ErrorRecord } from '../../../src/model/error-record.ts';
import { pathTo } from '../state/route.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { Badge } from './badge.tsx';
import { ErrorActs } from './error-acts.tsx';
import { messageOf } from './error-message.ts';
import { Link } from './link.tsx';
import { Table } from './table.tsx';
import { Trend } from './trend.tsx';

export function ErrorRows(props: {
  readonly errors: readonly ErrorRecord[];
  /** After something was done to one of them; absent: nothing can be done here. */
  readonly then?: () => void;
}) {
  const say = useSay();
  const { errors, then } = props;
  return (
    <Table
      label={say('errors')}
      heads={[
        say('code'),
        say('message'),
        say('origin'),
        say('trend'),
        say('count'),
        say('firstSeen'),
        say('lastSeen'),
        say('incident'),
        ...(then === undefined ? [] : [say('seenTo')]),
      ]}
      className="errors"
    >
      {errors.map((error) => (
        <ErrorRow key={error.id} error={error} then={then} />
      ))}
    </Table>
  );
}

const ErrorRow = memo(OneRow, (one, other) => isSame(one.error, other.error));

function isSame(one: ErrorRecord, other: ErrorRecord): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A long one goes on in the next line after a `_`. */
function Code({ text }: { readonly text: string }) {
  return (
    <code>
      {text.split(/(?<=_)/).map((part, index) => (
        <Fragment key={`${index} ${part}`}>
          {part}
          <wbr />
        </Fragment>
      ))}
    </code>
  );
}

function OneRow(props: { readonly error: ErrorRecord; readonly then: (() => void) | undefined }) {
  const { language, say, tell } = useContext(Speech);
  const { error, then } = props;
  const [latest] = error.incidents;
  return (
    <tr>
      <th scope="row">
        <Link to={pathTo('error', error.id)}>
          <Code text={error.code} />
        </Link>
      </th>
      <td className="message">{messageOf(error, tell)}</td>
      <td>
        <Origin origin={error.origin} />
        {error.release === null ? null : <p className="hint">{error.release}</p>}
      </td>
      <td>
        <Trend counts={error.trend.hours} span={say('day')} />
      </td>
      <td className="number">{error.count}</td>
      <td>{moment(error.firstSeen, language)}</td>
      <td>{moment(error.lastSeen, language)}</td>
      <td>
        {latest === undefined ? null : (
          <Link to={pathTo('incident', latest.incident)}>{latest.incident}</Link>
        )}
      </td>
      {then === undefined ? null : (
        <td>
          <ErrorActs error={error} then={then} />
        </td>
      )}
    </tr>
  );
}

export function Origin({ origin }: { readonly origin: ErrorOrigin }) {
  const say = useSay();
  const { instance, service, host, role } = origin;
  return (
    <>
      {service === null ? host : <Link to={pathTo('service', service)}>{instance ?? service}</Link>}{' '}
      {role === undefined ? null : <Badge tone="idle">{say(role)}</Badge>}
    </>
  );
}
