/** How much of the time services were there, their outages, and how fast they were mended. */
import { useContext, useState } from 'react';
import {
  type AvailabilityReport,
  type AvailabilityWindow,
  availabilityWindows,
  type OutageCause,
  type ServiceAvailability,
} from '../../../src/model/availability.ts';
import { AvailabilityStrip } from '../parts/availability-strip.tsx';
import { Badge } from '../parts/badge.tsx';
import { NotYet } from '../parts/failure.tsx';
import { Link } from '../parts/link.tsx';
import type { Tone } from '../parts/state.ts';
import { Table } from '../parts/table.tsx';
import { pathTo } from '../state/route.ts';
import { useLive } from '../state/use-live.ts';
import { useRead } from '../state/use-read.ts';
import { moment, span } from '../words/times.ts';
import { type Speaking, Speech, useSay } from '../words/words.ts';

const windows = ['day', 'week', 'month'] as const;
const states = {
  up: ['ready', 'good'],
  down: ['down', 'bad'],
  uncounted: ['uncounted', 'idle'],
} as const;
const causeWords = {
  fault: 'fault',
  drill: 'drill',
  maintenance: 'maintenance',
  request: 'onRequest',
} as const satisfies Readonly<Record<OutageCause, string>>;

export function AvailabilityPage() {
  const say = useSay();
  const { language } = useContext(Speech);
  const { stack, incidents } = useLive();
  const [window, setWindow] = useState<AvailabilityWindow>('day');
  // What changes the figures shows in one of these.
  const phases = stack?.services.map(({ instances }) => instances.map(({ phase }) => phase));
  const version = JSON.stringify([incidents.map(({ id, state }) => [id, state]), phases]);
  const { value, error } = useRead<AvailabilityReport>('/api/v1/availability', version);
  if (value === null) return <NotYet error={error} />;
  const isShort = value.at - value.since < availabilityWindows[window];
  return (
    <>
      <h1>{say('availability')}</h1>
      <div className="form">
        <label>
          {say('window')}
          <select
            value={window}
            onChange={({ target }) => setWindow(target.value as AvailabilityWindow)}
          >
            {windows.map((one) => (
              <option key={one} value={one}>
                {say(one)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {isShort ? (
        <p className="hint">{say('logSince', { time: moment(value.since, language) })}</p>
      ) : null}
      {value.services.map((one) => (
        <Service key={one.service} of={one} window={window} at={value.at} />
      ))}
      <Outages report={value} window={window} />
    </>
  );
}

/** Never rounded up to 100 %. */
function share(availability: number | null): string {
  if (availability === null) return '–';
  if (availability === 1) return '100 %';
  return `${(Math.floor(availability * 100_000) / 1_000).toFixed(3)} %`;
}

interface Shown {
  readonly of: ServiceAvailability;
  readonly window: AvailabilityWindow;
  readonly at: number;
}

function Service({ of, window, at }: Shown) {
  const { language, say } = useContext(Speech);
  const { service, state } = of;
  const { availability, downMs, outages, mttdMs, mttrMs, mtbfMs } = of.windows[window];
  const [word, tone] = states[state] satisfies readonly [string, Tone];
  const label = `${service}: ${share(availability)}, ${say('outages')}: ${outages}`;
  const facts = [
    [say('outages'), outages === 0 ? '0' : `${outages} (${span(downMs, language)})`],
    [say('mttd'), timeOf(mttdMs, language)],
    [say('mttr'), timeOf(mttrMs, language)],
    [say('mtbf'), timeOf(mtbfMs, language)],
  ] as const;
  return (
    <section className="availability">
      <h2>
        <Link to={pathTo('service', service)}>{service}</Link>{' '}
        <Badge tone={tone}>{say(word)}</Badge> <span className="share">{share(availability)}</span>
      </h2>
      <AvailabilityStrip of={of} from={at - availabilityWindows[window]} until={at} label={label} />
      <dl className="figures">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function timeOf(ms: number | null, language: string): string {
  return ms === null ? '–' : span(ms, language);
}

function Outages(props: {
  readonly report: AvailabilityReport;
  readonly window: AvailabilityWindow;
}) {
  const speech = useContext(Speech);
  const { language, say } = speech;
  const { at, services } = props.report;
  const from = at - availabilityWindows[props.window];
  const outages = services
    .flatMap(({ service, outages: all }) => all.map((one) => ({ service, ...one })))
    .filter(({ until }) => (until ?? at) > from)
    .sort((a, b) => b.from - a.from);
  return (
    <section>
      <h2>{say('outages')}</h2>
      {outages.length === 0 ? <p>{say('noOutage')}</p> : null}
      {outages.length === 0 ? null : (
        <Table
          label={say('outages')}
          heads={[say('service'), say('when'), say('took'), say('cause'), say('incident')]}
        >
          {outages.map(({ service, from: began, until, cause, incident }) => (
            <tr key={`${service} ${began}`}>
              <th scope="row">{service}</th>
              <td>{moment(began, language)}</td>
              <td>{lasted(began, until, speech)}</td>
              <td>{say(causeWords[cause])}</td>
              <td>
                {incident === null ? (
                  '–'
                ) : (
                  <Link to={pathTo('incident', incident)}>{incident}</Link>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

function lasted(from: number, until: number | null, { language, say }: Speaking): string {
  return until === null ? say('goesOn') : span(until - from, language);
}
