/** A form that makes something with a secret, which is shown once. */
import { type FormEvent, type ReactNode, useState } from 'react';
import { act } from '../api/request.ts';
import type { Word } from '../words/english.ts';
import { useSay } from '../words/words.ts';
import { Failure } from './failure.tsx';

interface Props {
  readonly path: string;
  readonly bodyOf: (fields: FormData) => object;
  readonly button: Word;
  /** What is said of the secret. */
  readonly told: Word;
  /** How the secret is handed on. */
  readonly shown?: (secret: string) => string;
  readonly then: () => void;
  /** Its fields. */
  readonly children: ReactNode;
}

export function SecretForm({ path, bodyOf, button, told, shown, then, children }: Props) {
  const say = useSay();
  const [secret, setSecret] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const body = bodyOf(new FormData(event.currentTarget));
    try {
      const { text } = await act<{ text: string }>('POST', path, body);
      setSecret(shown === undefined ? text : shown(text));
      setError(null);
      then();
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <form className="form" onSubmit={submit}>
      {children}
      <button type="submit">{say(button)}</button>
      {secret === null ? null : (
        <p role="status">
          {say(told)} <code className="secret">{secret}</code>
        </p>
      )}
      <Failure error={error} />
    </form>
  );
}
