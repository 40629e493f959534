/** Recovery points of a service: what there is to go back to, made and tried. */
import { useContext, useRef, useState } from 'react';
import type { PointView } from '../../../src/model/recovery-point.ts';
import type { ServiceView } from '../../../src/model/view.ts';
import { useLive } from '../state/use-live.ts';
import { useMay } from '../state/use-may.ts';
import { PointJobContext, usePointJob } from '../state/use-point-job.ts';
import { useRead } from '../state/use-read.ts';
import { moment, span } from '../words/times.ts';
import { sizeText } from '../words/values.ts';
import { Speech, useSay } from '../words/words.ts';
import { Badge } from './badge.tsx';
import { DeedButton } from './confirm.tsx';
import { NotYet } from './failure.tsx';
import { PointProgress } from './point-progress.tsx';
import { RestoreButton, Restored, RestoreMoment } from './restore.tsx';
import { Table } from './table.tsx';

interface Listed {
  readonly points: readonly PointView[];
  readonly problems: readonly {
    readonly place: string;
    readonly error: { readonly message: string };
  }[];
}

export function Points({ service }: { readonly service: ServiceView }) {
  const say = useSay();
  const path = `/api/v1/services/${encodeURIComponent(service.name)}/points`;
  const { value, error } = useRead<Listed>(path, useLastHappening(service.name));
  return (
    <PointJobContext value={usePointJob(service.name)}>
      <section>
        <h2>{say('points')}</h2>
        <Restored service={service} />
        <PointProgress />
        <Backup service={service.name} path={path} />
        {value === null ? <NotYet error={error} /> : <List service={service} listed={value} />}
      </section>
    </PointJobContext>
  );
}

/** The number of the last record about its points; each record is looked at once. */
function useLastHappening(service: string): number {
  const { records } = useLive();
  const kept = useRef({ looked: 0, found: 0 });
  const { looked } = kept.current;
  for (const { seq, record } of records) {
    if (seq <= looked) break;
    const isAboutPoints = record.kind === 'point' || record.kind === 'restore-step';
    if (!isAboutPoints || record.service !== service) continue;
    kept.current.found = Math.max(kept.current.found, seq);
  }
  kept.current.looked = Math.max(looked, records[0]?.seq ?? 0);
  return kept.current.found;
}

function Backup({ service, path }: { readonly service: string; readonly path: string }) {
  const say = useSay();
  const may = useMay('operator');
  const [name, setName] = useState('');
  if (!may) return null;
  const body = { name: name.trim() === '' ? null : name.trim() };
  const sentence = say('sureBackup', { what: service });
  return (
    <div className="form">
      <label>
        {say('pointName')}
        <input value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
      </label>
      <DeedButton deed={{ label: 'backup', sentence, path, body }} then={() => setName('')}>
        <PointProgress />
      </DeedButton>
    </div>
  );
}

function List(props: { readonly service: ServiceView; readonly listed: Listed }) {
  const { say, tell } = useContext(Speech);
  const { points, problems } = props.listed;
  return (
    <>
      {problems.map(({ place, error }) => (
        <p key={`${place} ${error.message}`} className="alert">
          {say('labelled', { name: place, what: tell(error.message) })}
        </p>
      ))}
      {points.length === 0 ? (
        <p>{say('noPoints')}</p>
      ) : (
        <PointRows service={props.service} points={points.toReversed()} />
      )}
      <RestoreMoment service={props.service} points={points} />
    </>
  );
}

function PointRows(props: {
  readonly service: ServiceView;
  readonly points: readonly PointView[];
}) {
  const say = useSay();
  const may = useMay('operator');
  return (
    <Table
      label={say('points')}
      heads={[
        say('point'),
        say('age'),
        say('size'),
        say('proven'),
        say('restorable'),
        say('places'),
        ...(may ? [say('what')] : []),
      ]}
    >
      {props.points.map((point) => (
        <Row key={point.id} service={props.service} point={point} />
      ))}
    </Table>
  );
}

function Row({ service, point }: { readonly service: ServiceView; readonly point: PointView }) {
  const { language, say, tell } = useContext(Speech);
  const mayTry = useMay('operator');
  const { id, name, why, at, dataBytes, archive, places } = point;
  const what = service.name;
  return (
    <tr>
      <th scope="row">
        {name ?? tell(why)}
        <p className="hint">{id}</p>
      </th>
      <td>{span(Math.max(0, Date.now() - at), language)}</td>
      <td>
        {sizeText(dataBytes)}
        <p className="hint">{say('stored', { size: sizeText(archive.bytes) })}</p>
      </td>
      <td>
        <Proof point={point} />
      </td>
      <td>
        <Range point={point} />
      </td>
      <td>{places.join(', ')}</td>
      {mayTry ? (
        <td>
          <div className="buttons">
            <DeedButton
              deed={{
                label: 'tryPoint',
                sentence: say('sureTryPoint', { what, point: name ?? id }),
                path: `/api/v1/services/${encodeURIComponent(what)}/points/drill`,
                body: { point: id },
              }}
            >
              <PointProgress />
            </DeedButton>
            <RestoreButton service={service} target={{ kind: 'point', point: id }} />
          </div>
        </td>
      ) : null}
    </tr>
  );
}

function Proof({ point: { proven } }: { readonly point: PointView }) {
  const { language, say, tell } = useContext(Speech);
  if (proven === null) return <Badge tone="idle">{say('notProven')}</Badge>;
  const { ok, restoreMs, error, notes = [] } = proven;
  return (
    <>
      <Badge tone={ok ? 'good' : 'bad'}>
        {ok ? say('provenIn', { time: span(restoreMs, language) }) : say('disproven')}
      </Badge>
      {error === null ? null : <p className="hint">{tell(error.message)}</p>}
      {notes.map((note) => (
        <p key={note} className="hint">
          {tell(note)}
        </p>
      ))}
    </>
  );
}

/** Of a database any moment until then, else its own. */
function Range({ point: { at, restorableUntil } }: { readonly point: PointView }) {
  const say = useSay();
  const { language } = useContext(Speech);
  const from = moment(at, language);
  if (restorableUntil === null || restorableUntil - at < 1_000) return from;
  return say('rangeTo', { from, to: moment(restorableUntil, language) });
}
