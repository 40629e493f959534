/**
 * Many who look on, as a process of its own: each has the live events open, and together they ask
 * so many times a second, whether or not the answers come. `crowd.ts URL TOKEN WATCHERS RATE`.
 */
import { Agent, request } from 'node:http';
import type { CrowdReport } from './onlookers.ts';

const [url = '', token = '', watchers = '0', perSecond = '0'] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
/** What pages ask for, the lists more often than the rest. */
const paths = ['services', 'stack', 'services', 'incidents?limit=200', 'records?limit=100'];
const tickMs = 10;

let hellos = 0;
let told = 0;
let failed = 0;
const tookMs: number[] = [];

function watch(): void {
  const target = new URL('/api/v1/stream?topics=record,stack,services,incident', url);
  const call = request(target, { headers, agent: false }, (response) => {
    let rest = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) hear(line);
    });
    response.on('error', () => undefined);
  });
  call.on('error', () => undefined).end();
}

function hear(line: string): void {
  if (line.includes('"kind":"incident-resolved"')) told += 1;
  if (line !== 'event: hello') return;
  hellos += 1;
  if (hellos === Number(watchers)) tell({ kind: 'ready' });
}

const agent = new Agent({ keepAlive: true, maxSockets: 50 });

function ask(path: string): void {
  const sentAt = performance.now();
  const call = request(new URL(`/api/v1/${path}`, url), { headers, agent }, (response) => {
    response.resume().on('end', () => {
      if (response.statusCode !== 200) failed += 1;
      tookMs.push(performance.now() - sentAt);
    });
  });
  call.on('error', () => {
    failed += 1;
  });
  call.end();
}

function tell(report: CrowdReport): void {
  process.send?.(report);
}

for (let count = 0; count < Number(watchers); count += 1) watch();
const begunAt = performance.now();
let asked = 0;
setInterval(() => {
  const due = ((performance.now() - begunAt) * Number(perSecond)) / 1_000;
  for (; asked < due; asked += 1) ask(paths[asked % paths.length] ?? '');
}, tickMs);
process.on('message', () => {
  const seconds = (performance.now() - begunAt) / 1_000;
  const sorted = tookMs.toSorted((a, b) => a - b);
  const p99Ms = sorted[Math.floor(0.99 * sorted.length)] ?? Number.NaN;
  tell({ kind: 'over', answersPerSecond: tookMs.length / seconds, p99Ms, failed, told });
});
process.on('disconnect', () => process.exit());
