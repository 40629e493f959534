/** A button for what acts: it says what it will do before it does it. */
import { type ReactNode, useRef, useState } from 'react';
import { act } from '../api/request.ts';
import type { Word } from '../words/english.ts';
import { useSay } from '../words/words.ts';
import { Failure } from './failure.tsx';

export interface Deed {
  readonly label: Word;
  /** What will happen, as a sentence. */
  readonly sentence: string;
  readonly method?: string;
  readonly path: string;
  /** Or what makes it when it is done. */
  readonly body?: unknown;
  readonly tone?: 'danger';
}

export function DeedButton(props: {
  readonly deed: Deed;
  readonly then?: () => void;
  /** What may be chosen before. */
  readonly children?: ReactNode;
}) {
  const { deed, then, children } = props;
  const say = useSay();
  const dialog = useRef<HTMLDialogElement>(null);
  const [state, setState] = useState<{ busy: boolean; error: unknown }>({
    busy: false,
    error: null,
  });
  const carryOut = async () => {
    setState({ busy: true, error: null });
    try {
      const body = typeof deed.body === 'function' ? deed.body() : deed.body;
      await act(deed.method ?? 'POST', deed.path, body);
      setState({ busy: false, error: null });
      dialog.current?.close();
      then?.();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return (
    <>
      <button type="button" className={deed.tone ?? ''} onClick={() => dialog.current?.showModal()}>
        {say(deed.label)}
      </button>
      <dialog ref={dialog} aria-label={say(deed.label)}>
        <p>{deed.sentence}</p>
        {children}
        <Failure error={state.error} />
        <div className="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            {say(state.busy ? 'close' : 'cancel')}
          </button>
          <button type="button" className="main" disabled={state.busy} onClick={carryOut}>
            {say(state.busy ? 'underWay' : 'doIt')}
          </button>
        </div>
      </dialog>
    </>
  );
}
