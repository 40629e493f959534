/** Where the services stand: what others depend on is on the right. */
import { Graph, layout } from '@dagrejs/dagre';
import type { ServiceView } from '../../../src/model/view.ts';

export const nodeWidth = 190;
export const rowHeight = 20;

export interface PlacedService {
  readonly service: ServiceView;
  readonly left: number;
  readonly top: number;
  readonly height: number;
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly services: readonly PlacedService[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly path: string }[];
}

/** Rows of instances that a node shows; more are counted. */
export const rowsMax = 4;

/** With a line for the traffic where there is an endpoint. */
export function headHeight({ endpoint }: ServiceView): number {
  return endpoint === null ? 46 : 62;
}

export function nodeHeight(service: ServiceView): number {
  const { instances } = service;
  return headHeight(service) + rowHeight * Math.min(instances.length, rowsMax + 1);
}

export function drawGraph(services: readonly ServiceView[]): Drawing {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 22, ranksep: 70, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const service of services)
    graph.setNode(service.name, { width: nodeWidth, height: nodeHeight(service) });
  for (const { name, dependsOn } of services)
    for (const other of dependsOn) if (graph.hasNode(other)) graph.setEdge(name, other);
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width,
    height,
    services: services.map((service) => placed(service, graph.node(service.name))),
    edges: graph.edges().map(({ v, w }) => {
      const { points = [] } = graph.edge(v, w) as { points?: { x: number; y: number }[] };
      return { from: v, to: w, path: smooth(points) };
    }),
  };
}

function placed(service: ServiceView, node: { x?: number; y?: number; height?: number }) {
  const { x = 0, y = 0, height = 0 } = node;
  return { service, left: x - nodeWidth / 2, top: y - height / 2, height };
}

/** Through the points, by quadratic curves to the middles between them. */
function smooth(points: readonly { readonly x: number; readonly y: number }[]): string {
  const [first, ...rest] = points;
  const last = rest.pop();
  if (first === undefined || last === undefined) return '';
  const curves = rest.map((point, index) => {
    const next = rest[index + 1] ?? last;
    const middle =
      index + 1 < rest.length ? [(point.x + next.x) / 2, (point.y + next.y) / 2] : null;
    const [x, y] = middle ?? [last.x, last.y];
    return `Q${point.x},${point.y} ${x},${y}`;
  });
  return `M${first.x},${first.y}${curves.length === 0 ? `L${last.x},${last.y}` : curves.join('')}`;
}
