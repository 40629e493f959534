/** Load by wrk: as fast as answers come, or each connection with pauses of a mean length. */
import { writeFileSync } from 'node:fs';
import { output } from './contenders/foreground.ts';
import { wrkPackage } from './peers/wrk.ts';

export interface WrkLoad {
  readonly port: number;
  readonly seconds: number;
  readonly connections: number;
  readonly keepAlive: boolean;
  /** Mean pause between answer and next request, in milliseconds; 0: none. */
  readonly pauseMs: number;
  /** Default: `/`. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface WrkResult {
  readonly requests: number;
  readonly seconds: number;
  readonly errors: number;
  readonly p99Ms: number;
}

/** `directory`: where its script may lie. */
export async function wrk(directory: string, load: WrkLoad): Promise<WrkResult> {
  const script = `${directory}/wrk.lua`;
  writeFileSync(script, scriptFor(load));
  const { port, seconds, connections, path = '/' } = load;
  const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script];
  const url = `http://127.0.0.1:${port}${path}`;
  const text = await output([...(await wrkPackage()), ...options, url]);
  const found = /^result (\d+) (\d+) (\d+) ([\d.]+)$/m.exec(text);
  const [requests = 0, us = 0, errors = 0, p99Us = 0] = (found ?? []).slice(1).map(Number);
  if (requests === 0) throw new Error(`wrk had no answer: ${text}`);
  return { requests, seconds: us / 1e6, errors, p99Ms: p99Us / 1e3 };
}

function scriptFor({ keepAlive, pauseMs, headers = {} }: WrkLoad): string {
  const all = keepAlive ? headers : { ...headers, Connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `wrk.headers["${name}"] = "${value}"\n`);
  const delay = `function delay() return math.random(0, ${2 * pauseMs}) end\n`;
  return `${lines.join('')}${pauseMs === 0 ? '' : delay}function done(summary, latency)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("result %d %d %d %.1f\\n", summary.requests, summary.duration, errors,
    latency:percentile(99)))
end
`;
}
