/** Lines of instances' logs around places in them. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { useRead } from '../state/use-read.ts';
import { useSay } from '../words/words.ts';
import { NotYet } from './failure.tsx';

export interface LogPlace {
  readonly instance: string;
  /** In bytes from the log's beginning. */
  readonly offset: number;
  /** When the log ended there. */
  readonly at: number;
}

interface Line {
  readonly text: string;
  readonly offset: number;
}

const bytesBefore = 8_000;
const linesRead = 500;
/** Before the place, and after it. */
const linesShown = 40;

export function LogsAround(props: {
  readonly title: string;
  readonly places: readonly LogPlace[];
  /** What is written where a place is. */
  readonly mark: (place: LogPlace) => string;
}) {
  const { title, places, mark } = props;
  if (places.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      {places.map((place, index) => (
        <Place key={place.instance} place={place} mark={mark(place)} first={index === 0} />
      ))}
    </section>
  );
}

/** Lines are read once they are wanted. */
function Place(props: {
  readonly place: LogPlace;
  readonly mark: string;
  readonly first: boolean;
}) {
  const { place, mark, first } = props;
  const [open, setOpen] = useState(first);
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{place.instance}</summary>
      {open ? <Lines place={place} mark={mark} /> : null}
    </details>
  );
}

function Lines({ place, mark }: { readonly place: LogPlace; readonly mark: string }) {
  const say = useSay();
  const { lines, error } = useLinesAround(place);
  const all = useRef<HTMLPreElement>(null);
  const marked = useRef<HTMLElement>(null);
  useEffect(() => {
    const [box, line] = [all.current, marked.current];
    if (lines === null || box === null || line === null) return;
    box.scrollTop = line.offsetTop - box.offsetTop - box.clientHeight / 2;
  }, [lines]);
  if (lines === null) return <NotYet error={error} />;
  if (lines.length === 0) return <p>{say('noLines')}</p>;
  const before = lines.filter(({ offset }) => offset < place.offset).slice(-linesShown);
  const after = lines.filter(({ offset }) => offset >= place.offset).slice(0, linesShown);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard must be able to scroll it
    <pre className="log" tabIndex={0} ref={all}>
      {before.map(({ text }) => `${text}\n`).join('')}
      <mark ref={marked}>— {mark} —</mark>
      {after.map(({ text }) => `\n${text}`).join('')}
    </pre>
  );
}

function useLinesAround({ instance, offset }: LogPlace) {
  const [service = '', number = ''] = instance.split('/');
  const from = Math.max(0, offset - bytesBefore);
  const path = `/api/v1/services/${encodeURIComponent(service)}/instances/${number}/logs`;
  const { value, error } = useRead<{ items: readonly Line[] }>(
    `${path}?after=${from}&lines=${linesRead}`,
  );
  // The first line may have begun before.
  const lines = useMemo(
    () => (from === 0 ? value?.items : value?.items.slice(1)) ?? null,
    [value, from],
  );
  return { lines, error };
}
