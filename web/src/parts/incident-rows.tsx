import { useContext } from 'react';
import type { IncidentView } from '../../../src/model/view.ts';
import { pathTo } from '../state/route.ts';
import { moment, span } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { Badge } from './badge.tsx';
import { Link } from './link.tsx';
import { Scroll } from './scroll.tsx';
import { incidentTones, incidentWords } from './state.ts';

export function IncidentRows({ incidents }: { readonly incidents: readonly IncidentView[] }) {
  const say = useSay();
  const { language } = useContext(Speech);
  return (
    <Scroll label={say('incidents')}>
      <table>
        <thead>
          <tr>
            <th>{say('incident')}</th>
            <th>{say('phase')}</th>
            <th>{say('component')}</th>
            <th>{say('what')}</th>
            <th>{say('onset')}</th>
            <th>{say('recovered')}</th>
          </tr>
        </thead>
        <tbody>
          {incidents.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                <Link to={pathTo('incident', one.id)}>{one.id}</Link>
              </th>
              <td>
                <Badge tone={incidentTones[one.state]}>{say(incidentWords[one.state])}</Badge>
              </td>
              <td>{one.component ?? ''}</td>
              <td>{one.summary}</td>
              <td>
                <time dateTime={new Date(one.onset).toISOString()}>
                  {moment(one.onset, language)}
                </time>
              </td>
              <td>
                {one.recovered === null ? '' : span(one.recovered - (one.returned ?? one.onset))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
