/** How often something happened in each part of a time, as bars. */
import { useSay } from '../words/words.ts';

const barWidth = 4;
const height = 24;

export function Trend(props: {
  readonly counts: readonly number[];
  /** Of the whole, in words. */
  readonly span: string;
}) {
  const say = useSay();
  const { counts, span } = props;
  const sum = counts.reduce((total, count) => total + count, 0);
  const most = Math.max(1, ...counts);
  const width = counts.length * barWidth;
  return (
    <svg
      className="trend"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={say('happenings', { count: sum, span })}
    >
      <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} />
      {counts.map((count, index) => {
        const tall = count === 0 ? 0 : Math.max(2, (count / most) * height);
        const place = { x: index * barWidth, y: height - tall };
        return <rect key={index} {...place} width={barWidth - 1} height={tall} />;
      })}
    </svg>
  );
}
