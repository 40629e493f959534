/** A stretch of time as a strip: up, down, and what counts neither way. */
import type { ServiceAvailability } from '../../../src/model/availability.ts';

const width = 1_000;
const height = 20;
/** An outage is seen however short it was. */
const widthMin = 3;

export function AvailabilityStrip(props: {
  readonly of: ServiceAvailability;
  readonly from: number;
  readonly until: number;
  readonly label: string;
}) {
  const { of, from, until, label } = props;
  const x = (at: number) => (width * (Math.max(at, from) - from)) / Math.max(1, until - from);
  const place = (start: number, end: number, least: number) => {
    const wide = Math.max(least, x(end) - x(start));
    return { x: Math.min(x(start), width - wide), width: wide, height };
  };
  const unknown = place(from, Math.max(from, of.since), 0);
  const spans = of.uncounted.filter((one) => one.until > from);
  const outages = of.outages.filter((one) => (one.until ?? until) > from);
  return (
    <svg
      className="strip"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <rect className="up" width={width} height={height} />
      <rect className="uncounted" {...unknown} />
      {spans.map((one) => (
        <rect key={one.from} className="uncounted" {...place(one.from, one.until, 0)} />
      ))}
      {outages.map((one) => (
        <rect
          key={one.from}
          className={one.cause === 'fault' ? 'down' : 'meant'}
          {...place(one.from, one.until ?? until, widthMin)}
        />
      ))}
    </svg>
  );
}
