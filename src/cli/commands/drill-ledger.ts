/** `daruma drill ledger SERVICE`. */
import { type Command, InvalidArgumentError } from 'commander';
import { DarumaError, exitCodes } from '../../model/errors.ts';
import type { ServiceSpec } from '../../model/stack-spec.ts';
import type { CommandHost } from '../command.ts';
import { requireConsent } from '../consent.ts';
import { recorded } from '../drill-record.ts';
import { drillLedger, isPassed, type LedgerPlan } from '../ledger-drill.ts';
import { type LedgerFault, ledgerFaults } from '../ledger-sequence.ts';
import { ledgerResult, ledgerText } from '../ledger-text.ts';
import type { Session } from '../session.ts';
import { wholeNumber } from '../whole-number.ts';

interface LedgerDrillOptions {
  readonly faults: number;
  readonly clients: number;
  readonly every: number;
  readonly only?: readonly LedgerFault[];
  readonly oneByOne?: boolean;
  readonly lasts?: number;
  readonly seed?: number;
  readonly timeout: number;
  readonly yes?: boolean;
}

export function addLedgerDrill(drill: Command, action: CommandHost['action']): void {
  const ledger = drill
    .command('ledger')
    .description('write numbered facts through faults, and prove that none was lost')
    .argument('<service>', 'a PostgreSQL service with an endpoint')
    .option('--faults <count>', 'how many', wholeNumber, 10)
    .option('--only <names>', `of these: ${ledgerFaults.join(', ')}`, faultList)
    .option('--one-by-one', 'no fault before the last is over')
    .option('--lasts <seconds>', 'how long what is stopped, cut off or full stays so', wholeNumber)
    .option('--clients <count>', 'who write', wholeNumber, 8)
    .option('--every <ms>', 'between two facts of a client', wholeNumber, 10)
    // What `drill` has too is read there: `--seed`, `--timeout`, `--yes`.
    .action(action((session, name: string) => run(session, name, ledger.optsWithGlobals())));
}

async function run(session: Session, name: string, options: LedgerDrillOptions): Promise<number> {
  const { seed = Math.floor(Math.random() * 2 ** 31), only = ledgerFaults } = options;
  const { spec } = await session.client.configuration();
  const service = spec.services.find((one) => one.name === name);
  if (service === undefined) throw new DarumaError('NOT_FOUND', `there is no service ${name}`);
  const target = await targetOf(session, service);
  const { faults } = options;
  const question = `This writes into ${name} and brings ${faults} faults about. Begin?`;
  await requireConsent(session, question, options.yes === true);
  const plan: LedgerPlan = {
    service: name,
    ...{ target, seed, faults, only, synchronous: isSynchronous(service) },
    oneByOne: options.oneByOne === true,
    lastsMs: options.lasts === undefined ? null : options.lasts * 1_000,
    clients: options.clients,
    everyMs: options.every,
    timeoutMs: options.timeout * 1_000,
  };
  const what = { fault: 'ledger', target: name };
  const report = await recorded(session, what, () => drillLedger(session, plan), ledgerResult);
  if (session.json) session.printJson(report);
  else session.print(...ledgerText(report, session.paint));
  return isPassed(report) ? exitCodes.ok : exitCodes.failed;
}

async function targetOf({ wiring, stateDir }: Session, service: ServiceSpec) {
  const { name, driver, endpoint } = service;
  if (driver !== 'postgres' || endpoint === null) {
    throw new DarumaError('REFUSED', `${name} is no PostgreSQL service with an endpoint`);
  }
  const of = await wiring.attributes(service, stateDir);
  const { host = endpoint.host, port = endpoint.port, user = '', password = '' } = of;
  return { host, port: Number(port), user, password, database: of['database'] ?? user };
}

function isSynchronous({ failover }: ServiceSpec): boolean {
  return failover !== undefined && failover.durability?.kind !== 'asynchronous';
}

function faultList(text: string): LedgerFault[] {
  return text.split(',').map((name) => {
    const fault = ledgerFaults.find((one) => one === name.trim());
    if (fault !== undefined) return fault;
    throw new InvalidArgumentError(`no fault «${name}»; there are: ${ledgerFaults.join(', ')}`);
  });
}
