/** How far a backup, a trial or a restore is: amount, rate, time left. */
import { useContext } from 'react';
import { PointJobContext } from '../state/use-point-job.ts';
import { span } from '../words/times.ts';
import { sizeText } from '../words/values.ts';
import { Speech } from '../words/words.ts';

/** Steps that take their time, as they are told. */
const stages = {
  reading: 'stageReading',
  restoring: 'stageRestoring',
  'replaying the log': 'stageReplaying',
} as const;

export function PointProgress() {
  const { language, say } = useContext(Speech);
  const job = useContext(PointJobContext);
  if (job === null) return null;
  const { stage, bytes, total, bytesPerSecond, leftMs } = job;
  const known = stage in stages ? say(stages[stage as keyof typeof stages]) : stage;
  const size = sizeText(bytes);
  const amount = total === null ? size : say('amountOf', { done: size, all: sizeText(total) });
  const parts = [
    known === '' ? say('underWay') : known,
    ...(bytes === 0 && total === null ? [] : [amount]),
    ...(bytesPerSecond === null ? [] : [`${sizeText(bytesPerSecond)}/s`]),
    ...(leftMs === null ? [] : [say('timeLeft', { time: span(leftMs, language) })]),
  ];
  const text = parts.join(' · ');
  return (
    <div className="progress">
      {total === null ? (
        <progress aria-label={known} />
      ) : (
        <progress aria-label={known} value={Math.min(bytes, total)} max={Math.max(1, total)} />
      )}
      <span>{text}</span>
    </div>
  );
}
