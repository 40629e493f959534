/** The whole stack: what is wrong is seen from across the room. */
import { memo } from 'react';
import type { ServiceView, TrafficView } from '../../../src/model/view.ts';
import { Badge } from '../parts/badge.tsx';
import { Graph } from '../parts/graph.tsx';
import { IncidentRows } from '../parts/incident-rows.tsx';
import { Link } from '../parts/link.tsx';
import { instanceTone, instanceWord, serviceTone } from '../parts/state.ts';
import { Table } from '../parts/table.tsx';
import { trafficText } from '../parts/traffic-text.ts';
import { pathTo } from '../state/route.ts';
import { useLive } from '../state/use-live.ts';
import { useTraffic } from '../state/use-traffic.ts';
import { useSay } from '../words/words.ts';

interface StackParts {
  readonly services: readonly ServiceView[];
  readonly traffic: ReadonlyMap<string, TrafficView>;
}

/** A larger graph tells less than a table. */
const graphMax = 60;

export function StackPage() {
  const say = useSay();
  const { stack, incidents } = useLive();
  const traffic = useTraffic();
  if (stack === null) return <p>{say('loading')}</p>;
  const open = incidents.filter(({ state }) => state !== 'resolved');
  return (
    <>
      <h1>{stack.name}</h1>
      {stack.services.length > graphMax ? null : (
        <Graph services={stack.services} traffic={traffic} />
      )}
      {open.length === 0 ? null : (
        <section>
          <h2>{say('openIncidents', { count: open.length })}</h2>
          <IncidentRows incidents={open} />
        </section>
      )}
      <Services services={stack.services} traffic={traffic} />
    </>
  );
}

function Services({ services, traffic }: StackParts) {
  const say = useSay();
  return (
    <section>
      <h2>{say('services')}</h2>
      <Table
        label={say('services')}
        heads={[
          say('service'),
          say('instances'),
          say('endpoint'),
          say('traffic'),
          say('dependsOn'),
        ]}
      >
        {services.map((service) => (
          <ServiceRow
            key={service.name}
            service={service}
            traffic={trafficText(traffic.get(service.name), say)}
          />
        ))}
      </Table>
    </section>
  );
}

/** Drawn anew only when something of it has changed: there may be hundreds. */
const ServiceRow = memo(function ServiceRow(props: {
  readonly service: ServiceView;
  readonly traffic: string;
}) {
  const { service, traffic } = props;
  const say = useSay();
  return (
    <tr className={serviceTone(service)}>
      <th scope="row">
        <Link to={pathTo('service', service.name)}>{service.name}</Link>
      </th>
      <td>
        {service.instances.map((one) => (
          <Badge key={one.id} tone={instanceTone(one)}>
            {one.id.slice(one.id.lastIndexOf('/'))} {one.role === undefined ? '' : say(one.role)}{' '}
            {say(instanceWord(one))}
          </Badge>
        ))}
      </td>
      <td>
        <code>{service.endpoint ?? ''}</code>
      </td>
      <td className="number">{traffic}</td>
      <td>{service.dependsOn.join(', ')}</td>
    </tr>
  );
});
