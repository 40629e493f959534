import { useContext } from 'react';
import type { IncidentView } from '../../../src/model/view.ts';
import { pathTo } from '../state/route.ts';
import { moment, span } from '../words/times.ts';
import { Speech } from '../words/words.ts';
import { Badge } from './badge.tsx';
import { Link } from './link.tsx';
import { incidentTones, incidentWords } from './state.ts';
import { Table } from './table.tsx';

export function IncidentRows({ incidents }: { readonly incidents: readonly IncidentView[] }) {
  const { language, say, tell } = useContext(Speech);
  return (
    <Table
      label={say('incidents')}
      heads={[
        say('incident'),
        say('phase'),
        say('component'),
        say('what'),
        say('onset'),
        say('recovered'),
      ]}
    >
      {incidents.map((one) => (
        <tr key={one.id}>
          <th scope="row">
            <Link to={pathTo('incident', one.id)}>{one.id}</Link>
          </th>
          <td>
            <Badge tone={incidentTones[one.state]}>{say(incidentWords[one.state])}</Badge>
          </td>
          <td>{one.component ?? ''}</td>
          <td className="message">{tell(one.summary)}</td>
          <td>
            <time dateTime={new Date(one.onset).toISOString()}>{moment(one.onset, language)}</time>
          </td>
          <td>
            {one.recovered === null
              ? ''
              : span(one.recovered - (one.returned ?? one.onset), language)}
          </td>
        </tr>
      ))}
    </Table>
  );
}
