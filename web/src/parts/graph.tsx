/** The dependency graph. What is wrong is red and says so in words. */
import { useMemo } from 'react';
import type { InstanceView, ServiceView, TrafficView } from '../../../src/model/view.ts';
import { go, pathTo } from '../state/route.ts';
import { useSay } from '../words/words.ts';
import {
  type Drawing,
  drawGraph,
  headHeight,
  nodeWidth,
  type PlacedService,
  rowHeight,
  rowsMax,
} from './graph-layout.ts';
import { instanceTone, instanceWord, serviceTone } from './state.ts';
import { trafficText } from './traffic-text.ts';

export function Graph(props: {
  readonly services: readonly ServiceView[];
  readonly traffic: ReadonlyMap<string, TrafficView>;
}) {
  const { services, traffic } = props;
  const say = useSay();
  // The places change only with what is drawn where, not with each state.
  const shape = JSON.stringify(
    services.map((one) => [one.name, one.dependsOn, one.instances.length, one.endpoint === null]),
  );
  const drawing = useMemo(() => drawGraph(services), [shape]);
  const now = new Map(services.map((service) => [service.name, service]));
  return (
    <div className="graph">
      <svg
        viewBox={`0 0 ${drawing.width} ${drawing.height}`}
        style={{ minWidth: Math.min(drawing.width, 900), maxWidth: drawing.width * 1.4 }}
      >
        <title>{say('graphOf')}</title>
        <Edges drawing={drawing} now={now} />
        {drawing.services.map((placed) => (
          <Node
            key={placed.service.name}
            placed={{ ...placed, service: now.get(placed.service.name) ?? placed.service }}
            traffic={trafficText(traffic.get(placed.service.name), say)}
          />
        ))}
      </svg>
    </div>
  );
}

function Edges(props: {
  readonly drawing: Drawing;
  readonly now: ReadonlyMap<string, ServiceView>;
}) {
  return (
    <g>
      <defs>
        <marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" orient="auto">
          <path d="M0,0 L8,4 L0,8 z" className="arrow" />
        </marker>
      </defs>
      {props.drawing.edges.map(({ from, to, path }) => {
        const target = props.now.get(to);
        const tone = target === undefined ? 'idle' : serviceTone(target);
        return (
          <path
            key={`${from} ${to}`}
            d={path}
            className={`edge ${tone === 'bad' ? 'bad' : ''}`}
            markerEnd="url(#arrow)"
          />
        );
      })}
    </g>
  );
}

function Node(props: { readonly placed: PlacedService; readonly traffic: string }) {
  const say = useSay();
  const { service, left, top, height } = props.placed;
  const rowsAt = headHeight(service) + 12;
  const tone = serviceTone(service);
  const to = pathTo('service', service.name);
  const shown = service.instances.slice(0, rowsMax);
  const more = service.instances.length - shown.length;
  return (
    <a
      href={to}
      onClick={(event) => {
        event.preventDefault();
        go(to);
      }}
    >
      <g transform={`translate(${left},${top})`} className={`node ${tone}`}>
        <rect width={nodeWidth} height={height} rx="8" />
        <rect className="mark" width="6" height={height} rx="3" />
        <text x="18" y="22" className="name">
          {service.name}
        </text>
        <text x="18" y="38" className="small">
          {service.endpoint ?? service.driver}
          {service.group === undefined ? '' : ` · ${say('epoch', { epoch: service.group.epoch })}`}
        </text>
        <text x="18" y="54" className="small">
          {props.traffic}
        </text>
        {shown.map((instance, index) => (
          <Row key={instance.id} instance={instance} y={rowsAt + index * rowHeight} />
        ))}
        {more > 0 ? (
          <text x="18" y={rowsAt + shown.length * rowHeight} className="small">
            +{more}
          </text>
        ) : null}
      </g>
    </a>
  );
}

function Row({ instance, y }: { readonly instance: InstanceView; readonly y: number }) {
  const say = useSay();
  const role = instance.role === undefined ? '' : ` ${say(instance.role)}`;
  return (
    <g className={`row ${instanceTone(instance)}`}>
      <circle cx="23" cy={y - 4} r="5" />
      <text x="34" y={y} className="small">
        {instance.id.slice(instance.id.lastIndexOf('/'))}
        {role} {say(instanceWord(instance))}
      </text>
    </g>
  );
}
