/** Who is told of incidents, how the last message to each fared, and whether they arrive. */
import { useContext } from 'react';
import type {
  NotificationTarget,
  QuietHours,
  Delivery as Sent,
} from '../../../src/model/notification.ts';
import type { Weekday } from '../../../src/model/notify-spec.ts';
import { useItems } from '../state/use-items.ts';
import type { Word } from '../words/english.ts';
import { moment } from '../words/times.ts';
import { Speech, useSay } from '../words/words.ts';
import { Badge } from './badge.tsx';
import { DeedButton } from './confirm.tsx';
import { ItemList } from './item-list.tsx';

export function Notifications() {
  const say = useSay();
  const list = useItems<NotificationTarget>('/api/v1/notifications');
  return (
    <section>
      <h2>{say('notifications')}</h2>
      {list.items?.length === 0 ? <p className="hint">{say('nobodyTold')}</p> : null}
      <ItemList
        list={list}
        row={(target) => <TargetRow key={target.name} target={target} then={list.again} />}
      />
    </section>
  );
}

const severityWords: Readonly<Record<NotificationTarget['minSeverity'], Word>> = {
  info: 'fromInfo',
  warning: 'fromWarning',
  critical: 'fromCritical',
};

function TargetRow({
  target,
  then,
}: {
  readonly target: NotificationTarget;
  readonly then: () => void;
}) {
  const say = useSay();
  const { name, kind, to, services, held, waiting, last } = target;
  return (
    <li>
      <strong>{name}</strong>
      <span>
        {kind} · {to}
      </span>
      <span className="hint">
        {say(severityWords[target.minSeverity])}
        {services === null ? '' : ` · ${say('onlyServices', { services: services.join(', ') })}`}
      </span>
      {target.quietHours.map((span) => (
        <Quiet key={`${span.from} ${span.to} ${span.days}`} span={span} />
      ))}
      {held === 0 ? null : <Badge tone="idle">{say('heldBack', { count: held })}</Badge>}
      {waiting === 0 ? null : (
        <Badge tone="busy">{say('messagesUnderWay', { count: waiting })}</Badge>
      )}
      <Last sent={last} />
      <DeedButton
        deed={{
          label: 'sendTest',
          sentence: say('sureTest', { what: `${name} (${to})` }),
          path: '/api/v1/notifications/test',
          body: { target: name },
        }}
        then={then}
      />
    </li>
  );
}

function Quiet({ span }: { readonly span: QuietHours }) {
  const say = useSay();
  const { language } = useContext(Speech);
  const { days, from, to, timeZone, quietNow } = span;
  const hours = say('quietHours', { from, to, zone: timeZone });
  const text = days === null ? hours : `${hours} · ${daysText(days, language)}`;
  return <span className="hint">{quietNow ? `${text} · ${say('quietNow')}` : text}</span>;
}

/** 5 January 2026 was a Monday. */
const dates = { mon: 5, tue: 6, wed: 7, thu: 8, fri: 9, sat: 10, sun: 11 } as const;

function daysText(days: NonNullable<QuietHours['days']>, language: string): string {
  const format = new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' });
  const name = (day: Weekday) => format.format(Date.UTC(2026, 0, dates[day]));
  return days
    .map(([first, last]) => (first === last ? name(first) : `${name(first)}–${name(last)}`))
    .join(', ');
}

function Last({ sent }: { readonly sent: Sent | null }) {
  const { language, say, tell } = useContext(Speech);
  if (sent === null) return <span className="hint">{say('noMessageYet')}</span>;
  const of =
    sent.of === 'test' ? say('ofTest') : sent.of === 'summary' ? say('ofSummary') : sent.of;
  const at = moment(sent.at, language);
  if (sent.error === null) return <span className="hint">{say('lastArrived', { of, at })}</span>;
  return <span className="alert">{say('lastFailed', { of, at, why: tell(sent.error) })}</span>;
}
