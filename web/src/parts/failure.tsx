/** What went wrong with a request, in the language of the console. */
import { useContext } from 'react';
import { codeOf, statusOf } from '../api/request.ts';
import { codeHints } from '../words/phrases/code-hints.ts';
import { Speech, useSay } from '../words/words.ts';

/** As the API told it; in Chinese a sentence that is unknown gets a hint before it. */
function useWhy(): (error: unknown) => string {
  const { language, tell } = useContext(Speech);
  return (error) => {
    const text = error instanceof Error ? error.message : String(error);
    const told = tell(text);
    const hint = codeHints[codeOf(error) ?? ''];
    return language === 'en' || told !== text || hint === undefined ? told : `${hint}：${text}`;
  };
}

/** Why somebody isn't let in, or keeps the old password. */
export function usePasswordWhy(): (error: unknown) => string {
  const say = useSay();
  const why = useWhy();
  return (error) => {
    const status = statusOf(error);
    if (status === 401) return say('wrongPassword');
    return status === 429 ? say('tooManyTries') : why(error);
  };
}

/** In place of what is not there yet. `error` null: it is being read. */
export function NotYet({ error }: { readonly error: unknown }) {
  const say = useSay();
  const why = useWhy();
  return error === null ? <p>{say('loading')}</p> : <p role="alert">{why(error)}</p>;
}

/** `error` null: nothing failed. */
export function Failure({ error }: { readonly error: unknown }) {
  const say = useSay();
  const why = useWhy();
  if (error === null) return null;
  return (
    <p role="alert" className="alert">
      {say('failed', { why: why(error) })}
    </p>
  );
}
