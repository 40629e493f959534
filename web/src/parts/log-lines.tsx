/** The end of the logs of a service's instances, live. */
import { useEffect, useState } from 'react';
import { useSay } from '../words/words.ts';

const linesKept = 1_000;

export function LogLines({ instances }: { readonly instances: readonly string[] }) {
  const say = useSay();
  const [instance, setInstance] = useState(instances[0] ?? '');
  const [search, setSearch] = useState('');
  const lines = useLines(instance);
  const wanted = search.toLowerCase();
  const found = lines.filter((text) => text.toLowerCase().includes(wanted));
  return (
    <section>
      <h2>{say('logs')}</h2>
      <div className="form">
        <label>
          {say('instance')}
          <select value={instance} onChange={(event) => setInstance(event.target.value)}>
            {instances.map((id) => (
              <option key={id}>{id}</option>
            ))}
          </select>
        </label>
        <label className="search">
          {say('search')}
          <input type="search" value={search} onChange={(event) => setSearch(event.target.value)} />
        </label>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard must be able to scroll it */}
      <pre className="log" tabIndex={0}>
        {found.join('\n')}
      </pre>
    </section>
  );
}

function useLines(instance: string): readonly string[] {
  const [lines, setLines] = useState<readonly string[]>([]);
  useEffect(() => {
    setLines([]);
    if (instance === '') return;
    const [service = '', number = ''] = instance.split('/');
    const path = `/api/v1/services/${encodeURIComponent(service)}/instances/${number}`;
    const source = new EventSource(`${path}/logs/stream?lines=200`);
    let waiting: string[] = [];
    source.addEventListener('line', ({ data }) => {
      const { text } = JSON.parse(String(data)) as { text: string };
      waiting.push(text);
      if (waiting.length > 1) return;
      requestAnimationFrame(() => {
        const more = waiting;
        waiting = [];
        setLines((before) => [...before, ...more].slice(-linesKept));
      });
    });
    return () => source.close();
  }, [instance]);
  return lines;
}
