/** Maintenance of services: begun, ended, and which there is. */
import { useContext, useState } from 'react';
import type { ServiceView } from '../../../src/model/view.ts';
import { pathTo } from '../state/route.ts';
import { useLive } from '../state/use-live.ts';
import { useMay } from '../state/use-may.ts';
import { moment, span } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';
import { Link } from './link.tsx';

const hourMs = 3_600_000;
const lengthsMs = [hourMs / 2, hourMs, 2 * hourMs, 8 * hourMs, 24 * hourMs] as const;

function pathOf({ name }: ServiceView): string {
  return `/api/v1/services/${encodeURIComponent(name)}/maintenance`;
}

/** Begins it, for a time that is chosen before. */
export function BeginMaintenance({ service }: { readonly service: ServiceView }) {
  const { language, say } = useContext(Speech);
  const may = useMay('operator');
  const [forMs, setForMs] = useState<number | null>(lengthsMs[0]);
  if (!may || service.mode === 'observe' || service.maintenance !== undefined) return null;
  const what = service.name;
  const sentence =
    forMs === null
      ? say('sureMaintenanceHealthy', { what })
      : say('sureMaintenance', { what, time: span(forMs, language) });
  const body = forMs === null ? { untilHealthy: true } : { forMs };
  return (
    <div className="buttons maintenance">
      <label className="check">
        {say('maintenance')}
        <select
          value={forMs ?? ''}
          onChange={({ target }) => setForMs(target.value === '' ? null : Number(target.value))}
        >
          {lengthsMs.map((ms) => (
            <option key={ms} value={ms}>
              {span(ms, language)}
            </option>
          ))}
          <option value="">{say('untilHealthy')}</option>
        </select>
      </label>
      <DeedButton deed={{ label: 'maintenanceBegin', sentence, path: pathOf(service), body }} />
    </div>
  );
}

/** Null: it is not under maintenance. */
export function UnderMaintenance({ service }: { readonly service: ServiceView }) {
  const say = useSay();
  const { language } = useContext(Speech);
  const may = useMay('operator');
  const { name: what, maintenance } = service;
  if (maintenance === undefined) return null;
  const { by, until, untilHealthy } = maintenance;
  const text = untilHealthy ? 'maintainedHealthy' : 'maintained';
  const sentence = say('sureMaintenanceEnd', { what });
  const deed = { label: 'maintenanceEnd', sentence, path: `${pathOf(service)}/end` } as const;
  return (
    <div className="maintained busy">
      <span>{say(text, { who: by, until: moment(until, language) })}</span>
      {may ? <DeedButton deed={deed} /> : null}
    </div>
  );
}

/** All services under maintenance. */
export function Maintained() {
  const say = useSay();
  const { stack } = useLive();
  const services = stack?.services.filter((one) => one.maintenance !== undefined) ?? [];
  return (
    <section>
      <h2>{say('maintenance')}</h2>
      {services.length === 0 ? <p>{say('noMaintenance')}</p> : null}
      <ul className="rows">
        {services.map((service) => (
          <li key={service.name}>
            <Link to={pathTo('service', service.name)}>{service.name}</Link>
            <UnderMaintenance service={service} />
          </li>
        ))}
      </ul>
    </section>
  );
}
