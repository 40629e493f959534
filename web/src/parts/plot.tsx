/** A signal over time, with moments marked. */
import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import type { SignalSeries } from '../../../src/model/signal-history.ts';
import 'uplot/dist/uPlot.min.css';
import { valueText } from '../words/values.ts';

export interface Mark {
  readonly at: number;
  readonly label: string;
}

/** Of time, in milliseconds. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

const height = 160;
const axisSize = 72;
/** Marks that are close together are written one below the other. */
const rowsOfMarks = 5;
/** In pixels of the canvas. */
const markHeight = 14;
const markGap = 3;

export function Plot(props: {
  readonly series: SignalSeries;
  readonly marks: readonly Mark[];
  readonly extent: Extent;
}) {
  const { series, marks, extent } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(null);
  const data = useRef<SignalSeries>(series);
  data.current = series;
  const shown = useRef<Extent>(extent);
  shown.current = extent;
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const { signal } = data.current;
    const options = optionsFor(element, signal, marks, () => shown.current);
    const drawn = new UPlot(options, dataOf(data.current), element);
    plot.current = drawn;
    const resized = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [marks]);
  useEffect(() => plot.current?.setData(dataOf(series)), [series, extent]);
  return <div className="plot" ref={place} role="img" aria-label={labelOf(series)} />;
}

function labelOf({ component, signal, points }: SignalSeries): string {
  const last = points.at(-1)?.[1];
  return `${component} ${signal} ${last === undefined ? '' : valueText(signal, last)}`;
}

function dataOf({ points }: SignalSeries): UPlot.AlignedData {
  return [points.map(([at]) => at / 1_000), points.map(([, value]) => value)];
}

function optionsFor(
  element: HTMLElement,
  signal: string,
  marks: readonly Mark[],
  extent: () => Extent,
): UPlot.Options {
  const colour = (name: string) => colourOf(element, name);
  const axis = { stroke: colour('--ink'), grid: { stroke: colour('--line'), width: 1 } };
  const clock = '{HH}:{mm}:{ss}';
  const colours = { line: colour('--bad'), paper: colour('--paper') };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    scales: {
      x: { range: () => [extent().from / 1_000, extent().to / 1_000] },
      y: { range: (_, least, most) => [Math.min(0, least), most > 0 ? most * 1.1 : 1] },
    },
    series: [
      {},
      { label: signal, stroke: colour('--accent'), width: 1.5, points: { show: false } },
    ],
    axes: [
      {
        ...axis,
        space: 70,
        values: (_, times) => times.map((at) => UPlot.fmtDate(clock)(new Date(at * 1_000))),
      },
      {
        ...axis,
        size: axisSize,
        values: (_, values) => values.map((one) => valueText(signal, one)),
      },
    ],
    hooks: { draw: [(plot) => drawMarks(plot, marks, colours)] },
  };
}

/** A canvas takes a colour, not `light-dark(…)`. */
function colourOf(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  const { color } = getComputedStyle(element);
  element.style.color = '';
  return color;
}

interface MarkColours {
  readonly line: string;
  readonly paper: string;
}

/** All lines first: what is written stands before them, however close they are. */
function drawMarks(plot: UPlot, marks: readonly Mark[], { line, paper }: MarkColours): void {
  const { ctx, bbox } = plot;
  const shown = marks
    .map(({ at, label }) => ({ x: plot.valToPos(at / 1_000, 'x', true), label }))
    .filter(({ x }) => x >= bbox.left && x <= bbox.left + bbox.width);
  ctx.save();
  ctx.strokeStyle = line;
  ctx.setLineDash([4, 4]);
  for (const { x } of shown) {
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  shown.forEach(({ x, label }, index) => {
    const { width } = ctx.measureText(label);
    const fits = x + markGap + width <= bbox.left + bbox.width;
    const left = fits ? x + markGap : x - markGap - width;
    const top = bbox.top + (index % rowsOfMarks) * markHeight;
    ctx.fillStyle = paper;
    ctx.fillRect(left - 1, top + 1, width + 2, markHeight);
    ctx.fillStyle = line;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    ctx.fillText(label, left, top + 1 + markHeight / 2);
  });
  ctx.restore();
}
