/** One service: its instances, what it measures, and what can be done with it. */
import { useContext, useState } from 'react';
import type { ServiceView } from '../../../src/model/view.ts';
import { Badge } from '../parts/badge.tsx';
import { BeginDrill } from '../parts/begin-drill.tsx';
import { type Deed, DeedButton } from '../parts/confirm.tsx';
import { IncidentRows } from '../parts/incident-rows.tsx';
import { Link } from '../parts/link.tsx';
import { LogLines } from '../parts/log-lines.tsx';
import { BeginMaintenance, UnderMaintenance } from '../parts/maintenance.tsx';
import { Points } from '../parts/points.tsx';
import { ServiceErrors } from '../parts/service-errors.tsx';
import { plotted, Signals } from '../parts/signals.tsx';
import { instanceTone, instanceWord } from '../parts/state.ts';
import { Table } from '../parts/table.tsx';
import { go, pathTo } from '../state/route.ts';
import { useLive } from '../state/use-live.ts';
import { useMay } from '../state/use-may.ts';
import { moment } from '../words/times.ts';
import { type Say, Speech, useSay } from '../words/words.ts';

export function ServicePage({ name }: { readonly name: string }) {
  const say = useSay();
  const { stack, incidents } = useLive();
  if (stack === null) return <p>{say('loading')}</p>;
  const service = stack.services.find((one) => one.name === name);
  if (service === undefined) return <p>{say('notFound')}</p>;
  const dependants = stack.services.filter(({ dependsOn }) => dependsOn.includes(name));
  const own = incidents.filter(({ component }) => component?.split('/')[0] === name);
  return (
    <>
      <h1>{name}</h1>
      <UnderMaintenance service={service} />
      <Deeds service={service} />
      <BeginMaintenance service={service} />
      <BeginDrill
        key={`drill ${name}`}
        targets={service.instances.map(({ id }) => id)}
        then={() => go('/drills')}
      />
      <Instances service={service} />
      <Neighbours title={say('dependsOn')} names={service.dependsOn} />
      <Neighbours title={say('neededBy')} names={dependants.map((one) => one.name)} />
      <section>
        <h2>{say('incidents')}</h2>
        {own.length === 0 ? <p>{say('noIncidents')}</p> : <IncidentRows incidents={own} />}
      </section>
      {service.hasPoints === true ? <Points key={`points ${name}`} service={service} /> : null}
      <Recently key={`signals ${name}`} service={name} />
      <ServiceErrors key={`errors ${name}`} service={name} />
      <LogLines key={`log ${name}`} instances={service.instances.map(({ id }) => id)} />
    </>
  );
}

const shownMs = 600_000;

function Recently({ service }: { readonly service: string }) {
  const [from] = useState(() => Date.now() - shownMs);
  return <Signals wanted={{ of: service, signals: plotted, from }} />;
}

function deedsOf(service: ServiceView, say: Say): readonly Deed[] {
  const what = service.name;
  const path = `/api/v1/services/${encodeURIComponent(what)}`;
  const deeds: Deed[] = [
    { label: 'start', sentence: say('sureStart', { what }), path: `${path}/start` },
    { label: 'stop', sentence: say('sureStop', { what }), path: `${path}/stop`, tone: 'danger' },
    { label: 'restart', sentence: say('sureRestart', { what }), path: `${path}/restart` },
    { label: 'reset', sentence: say('sureReset', { what }), path: `${path}/reset` },
  ];
  if (service.group !== undefined)
    deeds.push({
      label: 'switchover',
      sentence: say('sureSwitchover', { what }),
      path: `${path}/switchover`,
      body: {},
    });
  return deeds;
}

function Deeds({ service }: { readonly service: ServiceView }) {
  const say = useSay();
  const may = useMay('operator');
  if (!may) return null;
  return (
    <div className="buttons">
      {deedsOf(service, say).map((deed) => (
        <DeedButton key={deed.label} deed={deed} />
      ))}
    </div>
  );
}

function Instances({ service }: { readonly service: ServiceView }) {
  const { language, say, tell } = useContext(Speech);
  return (
    <section>
      <h2>
        {say('instances')}
        {service.group === undefined ? '' : ` · ${say('epoch', { epoch: service.group.epoch })}`}
      </h2>
      {service.group === undefined || service.group.note === '' ? null : (
        <p className="hint">{tell(service.group.note)}</p>
      )}
      <Table
        label={say('instances')}
        heads={[
          say('instance'),
          say('phase'),
          say('role'),
          'PID',
          say('since'),
          say('restarts'),
          say('note'),
        ]}
      >
        {service.instances.map((one) => (
          <tr key={one.id}>
            <th scope="row">{one.id}</th>
            <td>
              <Badge tone={instanceTone(one)}>{say(instanceWord(one))}</Badge>
            </td>
            <td>{one.role === undefined ? '' : say(one.role)}</td>
            <td className="number">{one.pid ?? ''}</td>
            <td>{one.startedAt === null ? '' : moment(one.startedAt, language)}</td>
            <td className="number">{one.restarts}</td>
            <td className="message">{tell(one.note)}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Neighbours({
  title,
  names,
}: {
  readonly title: string;
  readonly names: readonly string[];
}) {
  const say = useSay();
  return (
    <p>
      {say('labelled', { name: title, what: '' })}
      {names.length === 0
        ? say('none')
        : names.map((name) => (
            <span key={name} className="neighbour">
              <Link to={pathTo('service', name)}>{name}</Link>
            </span>
          ))}
    </p>
  );
}
