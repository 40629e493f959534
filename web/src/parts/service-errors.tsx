/** The errors of a service. */
import { useErrors } from '../state/use-errors.ts';
import { useSay } from '../words/words.ts';
import { ErrorRows } from './error-rows.tsx';
import { NotYet } from './failure.tsx';

export function ServiceErrors({ service }: { readonly service: string }) {
  const say = useSay();
  const { errors, error, more, again } = useErrors({ of: service });
  return (
    <section>
      <h2>{say('errors')}</h2>
      {errors === null ? (
        <NotYet error={error} />
      ) : errors.length === 0 ? (
        <p>{say('noErrors')}</p>
      ) : (
        <ErrorRows errors={errors} then={again} />
      )}
      {more === null ? null : (
        <button type="button" onClick={more}>
          {say('more')}
        </button>
      )}
    </section>
  );
}
