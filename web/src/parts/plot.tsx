/** A signal over time, with moments marked. */
import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Mark {
  readonly at: number;
  readonly label: string;
}

export interface Series {
  readonly label: string;
  /** Wall-clock milliseconds and values, oldest first. */
  readonly points: readonly (readonly [number, number])[];
}

const height = 160;

export function Plot({ series, marks = [] }: { series: Series; marks?: readonly Mark[] }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const plot = new UPlot(optionsFor(element, series, marks), dataOf(series), element);
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [series, marks]);
  return <div className="plot" ref={place} role="img" aria-label={series.label} />;
}

function dataOf({ points }: Series): UPlot.AlignedData {
  return [points.map(([at]) => at / 1_000), points.map(([, value]) => value)];
}

function optionsFor(element: HTMLElement, series: Series, marks: readonly Mark[]): UPlot.Options {
  const style = getComputedStyle(element);
  const ink = style.getPropertyValue('--ink');
  const axis = { stroke: ink, grid: { stroke: style.getPropertyValue('--line'), width: 1 } };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    series: [{}, { label: series.label, stroke: style.getPropertyValue('--accent'), width: 1.5 }],
    axes: [axis, { ...axis, size: 56 }],
    hooks: { draw: [(plot) => drawMarks(plot, marks, style.getPropertyValue('--bad'))] },
  };
}

function drawMarks(plot: UPlot, marks: readonly Mark[], colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.setLineDash([4, 4]);
  marks.forEach(({ at, label }, index) => {
    const x = plot.valToPos(at / 1_000, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(label, x + 3, bbox.top + 12 + (index % 3) * 12);
  });
  ctx.restore();
}
