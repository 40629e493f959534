/** Brings a fault about at one of some instances. */
import { useState } from 'react';
import type { InstanceId } from '../../../src/model/ids.ts';
import { useMay } from '../state/use-may.ts';
import { useSay } from '../words/words.ts';
import { DeedButton } from './confirm.tsx';

const faults = ['kill', 'hang', 'slow', 'leak', 'crash-loop'] as const;

export function BeginDrill(props: {
  readonly targets: readonly InstanceId[];
  readonly then: () => void;
}) {
  const { targets, then } = props;
  const say = useSay();
  const may = useMay('operator');
  const [chosen, choose] = useState<string | null>(null);
  const [fault, setFault] = useState<string>(faults[0]);
  const target = chosen ?? targets[0];
  if (!may || target === undefined) return null;
  const deed = {
    label: 'drill',
    sentence: say('sureDrill', { fault, what: target }),
    path: '/api/v1/drills',
    body: { fault, target },
    tone: 'danger',
  } as const;
  return (
    <div className="form">
      <label>
        {say('fault')}
        <select value={fault} onChange={(event) => setFault(event.target.value)}>
          {faults.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label>
        {say('instance')}
        <select value={target} onChange={(event) => choose(event.target.value)}>
          {targets.map((id) => (
            <option key={id}>{id}</option>
          ))}
        </select>
      </label>
      <DeedButton deed={deed} then={then} />
    </div>
  );
}
