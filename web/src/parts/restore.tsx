/**
 * A restore: first it is shown what comes back and what is lost, and only a person's consent to
 * that plan lets it begin. What it put aside waits to be removed or put back.
 */
import { type FormEvent, useContext, useRef, useState } from 'react';
import type { PointView, RestorePlan, RestoreTarget } from '../../../src/model/recovery-point.ts';
import type { ServiceView } from '../../../src/model/view.ts';
import { act } from '../api/request.ts';
import { useMay } from '../state/use-may.ts';
import { moment, span } from '../words/times.ts';
import { sizeText } from '../words/values.ts';
import { Speech, useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';
import { Failure } from './failure.tsx';
import { PointProgress } from './point-progress.tsx';

function pathOf({ name }: ServiceView): string {
  return `/api/v1/services/${encodeURIComponent(name)}/restore`;
}

interface Asked {
  readonly plan: RestorePlan | null;
  readonly agreed: boolean;
  readonly busy: boolean;
  /** What was thrown; null: nothing. */
  readonly error: unknown;
}

const nothing: Asked = { plan: null, agreed: false, busy: false, error: null };

/** For administrators. */
export function RestoreButton(props: {
  readonly service: ServiceView;
  readonly target: RestoreTarget;
}) {
  const say = useSay();
  const may = useMay('admin');
  const dialog = useRef<HTMLDialogElement>(null);
  const [asked, setAsked] = useState(nothing);
  const path = pathOf(props.service);
  const trying = async (work: () => Promise<void>) => {
    setAsked((before) => ({ ...before, busy: true, error: null }));
    try {
      await work();
    } catch (error) {
      setAsked((before) => ({ ...before, busy: false, error }));
    }
  };
  const look = () => {
    setAsked(nothing);
    dialog.current?.showModal();
    return trying(async () => {
      const plan = await act<RestorePlan>('POST', `${path}/plan`, { target: props.target });
      setAsked({ ...nothing, plan });
    });
  };
  const carryOut = () =>
    trying(async () => {
      await act('POST', path, { plan: asked.plan });
      setAsked(nothing);
      dialog.current?.close();
    });
  if (!may) return null;
  return (
    <>
      <button type="button" className="danger" onClick={look}>
        {say('restore')}
      </button>
      <dialog ref={dialog} aria-label={say('restore')}>
        <Consent
          asked={asked}
          onAgreed={(agreed) => setAsked({ ...asked, agreed })}
          onYes={carryOut}
          onNo={() => dialog.current?.close()}
        />
      </dialog>
    </>
  );
}

function Consent(props: {
  readonly asked: Asked;
  readonly onAgreed: (agreed: boolean) => void;
  readonly onYes: () => void;
  readonly onNo: () => void;
}) {
  const say = useSay();
  const { plan, agreed, busy, error } = props.asked;
  return (
    <>
      {plan === null ? null : <Plan plan={plan} />}
      {plan === null && error === null ? <p>{say('loading')}</p> : null}
      <Failure error={error} />
      {plan === null ? null : (
        <label className="check">
          <input
            type="checkbox"
            checked={agreed}
            onChange={(event) => props.onAgreed(event.target.checked)}
          />
          {say('agreeToLoss')}
        </label>
      )}
      {busy && plan !== null ? <PointProgress /> : null}
      <div className="buttons">
        <button type="button" onClick={props.onNo}>
          {say(busy && plan !== null ? 'close' : 'cancel')}
        </button>
        <button
          type="button"
          className="main"
          disabled={!agreed || busy || plan === null}
          onClick={props.onYes}
        >
          {say(busy && plan !== null ? 'underWay' : 'restore')}
        </button>
      </div>
    </>
  );
}

function Plan({ plan }: { readonly plan: RestorePlan }) {
  const say = useSay();
  const { language } = useContext(Speech);
  const { service, point, to, lossMs, dataBytes, expectedMs } = plan;
  const takes =
    expectedMs === null ? '' : ` ${say('restoreTakes', { time: span(expectedMs, language) })}`;
  return (
    <>
      <p>
        {say('restoreTo', {
          what: service,
          to: moment(to, language),
          point,
          size: sizeText(dataBytes),
        })}
        {takes}
      </p>
      <p className="alert">{say('restoreLoss', { what: service, time: span(lossMs, language) })}</p>
    </>
  );
}

/** Of a database, any moment that its log reaches. */
export function RestoreMoment(props: {
  readonly service: ServiceView;
  readonly points: readonly PointView[];
}) {
  const say = useSay();
  const may = useMay('admin');
  const [at, setAt] = useState<number | null>(null);
  const ends = props.points.flatMap(({ restorableUntil }) => restorableUntil ?? []);
  if (!may || ends.length === 0) return null;
  const from = Math.min(...props.points.map((point) => point.at));
  const read = (event: FormEvent<HTMLInputElement>) => {
    const chosen = new Date(event.currentTarget.value).getTime();
    setAt(Number.isNaN(chosen) ? null : chosen);
  };
  return (
    <div className="form">
      <label>
        {say('restoreMoment')}
        <input
          type="datetime-local"
          step={1}
          min={localTime(Math.ceil(from / 1_000) * 1_000)}
          max={localTime(Math.max(...ends))}
          onInput={read}
        />
      </label>
      {at === null ? null : (
        <RestoreButton service={props.service} target={{ kind: 'time', at, before: false }} />
      )}
    </div>
  );
}

/** As a field for local times has it, to the second. */
function localTime(at: number): string {
  const offsetMs = new Date(at).getTimezoneOffset() * 60_000;
  return new Date(at - offsetMs).toISOString().slice(0, 19);
}

const steps = {
  prepare: 'stepPrepare',
  swap: 'stepSwap',
  undo: 'stepUndo',
  confirm: 'stepConfirm',
} as const;

/** A restore that goes on, or one of which the data of before is still there. */
export function Restored({ service }: { readonly service: ServiceView }) {
  const say = useSay();
  const may = useMay('admin');
  const { language } = useContext(Speech);
  const { name, restore } = service;
  if (restore === undefined) return null;
  if (restore.step !== 'swap' || restore.state !== 'done') {
    return <p role="status">{say('restoreUnderWay', { step: say(steps[restore.step]) })}</p>;
  }
  const path = pathOf(service);
  const to = restore.to === null ? '' : moment(restore.to, language);
  return (
    <div className="consent">
      <p>{say('restoreAside', { to })}</p>
      {may ? (
        <div className="buttons">
          <DeedButton
            deed={{
              label: 'restoreKeep',
              sentence: say('sureRestoreKeep', { what: name }),
              path: `${path}/confirm`,
              tone: 'danger',
            }}
          />
          <DeedButton
            deed={{
              label: 'restoreUndo',
              sentence: say('sureRestoreUndo', { what: name }),
              path: `${path}/undo`,
              tone: 'danger',
            }}
          />
        </div>
      ) : null}
    </div>
  );
}
