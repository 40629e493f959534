/**
 * Puts load on the accounts example and keeps book: what was acknowledged must still be there at
 * the end. Requests leave at a fixed rate, whether or not earlier ones were answered (open loop),
 * so that a server that stands still can't hide it by slowing us down.
 *
 *     node load.ts --rate 200 --duration 30s [--url http://127.0.0.1:8080] [--json]
 *
 * Ends with 1 when anything acknowledged was lost or an answer was wrong, with 2 for bad options.
 */
import { parseArgs } from 'node:util';
import { Client } from './load/client.ts';
import { Load } from './load/load.ts';
import { printReport } from './load/report.ts';

const usage = `node load.ts [options]
  --url URL             the API's endpoint (http://127.0.0.1:8080)
  --rate N              requests per second (50)
  --duration TIME       such as 30s or 5m (30s)
  --registrations N     registrations among 1000 requests (10)
  --logins N            logins among 1000 requests (10); all others read a profile
  --timeout TIME        when a request has failed (5s)
  --keep-alive          reuse connections; without it each request has its own
  --json                one object on standard output, nothing else`;

function milliseconds(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  if (amount === undefined) throw new Error(`${text} is no time such as 30s`);
  return Number(amount) * (unit === 'ms' ? 1 : unit === 's' ? 1000 : 60_000);
}

function amount(text: string, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= most) return value;
  throw new Error(`${text} is no number from 0 to ${most}`);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', default: 'http://127.0.0.1:8080' },
      rate: { type: 'string', default: '50' },
      duration: { type: 'string', default: '30s' },
      registrations: { type: 'string', default: '10' },
      logins: { type: 'string', default: '10' },
      timeout: { type: 'string', default: '5s' },
      'keep-alive': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    url: new URL(values.url),
    ratePerSecond: amount(values.rate, 100_000),
    durationMs: milliseconds(values.duration),
    registrationShare: amount(values.registrations, 1000) / 1000,
    loginShare: amount(values.logins, 1000) / 1000,
    timeoutMs: milliseconds(values.timeout),
    keepAlive: values['keep-alive'],
    json: values.json,
    help: values.help,
  };
}

function read(): ReturnType<typeof readOptions> {
  try {
    return readOptions();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(usage);
    process.exit(2);
  }
}

const options = read();
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const load = new Load(new Client(options), options);
// Asked to end early, it still checks what it knows.
process.once('SIGINT', () => load.stop());
process.once('SIGTERM', () => load.stop());
const report = await load.run().catch((error: Error) => {
  console.error(error.message);
  process.exit(1);
});
printReport(report, options.json);
process.exit(report.lost.length > 0 || report.wrong.length > 0 ? 1 : 0);
