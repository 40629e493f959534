/**
 * The store's thread: takes all calls that wait, commits their records together, answers them.
 *
 * 1. Records are committed in the order of the calls, numbered without a gap.
 * 2. When a commit of records fails, calls made before the caller could know of it fail too: the
 *    log never holds a record without those before it.
 * 3. Snapshots and error records are committed on their own, so that a large one that finds no
 *    space fails alone, and after the records, so that these don't wait for it.
 * 4. Reads come after the commits and see only what is durable.
 */
import assert from 'node:assert/strict';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { DarumaError, errorInfo } from '../model/errors.ts';
import { Database } from './database.ts';
import type {
  Answers,
  AppendCall,
  Call,
  CallKind,
  OpenCall,
  Replies,
  Reply,
  StoreSettings,
} from './protocol.ts';

/** Without a call for so long, the thread tidies up. */
const idleMs = 1000;

type SmallWrite = Extract<Call, { kind: 'append' | 'set' }>;
type OtherCall = Exclude<Call, { kind: 'append' | 'set' | 'open' }>;

assert(parentPort, 'this file is the entry of a thread');
const port = parentPort;
const settings = workerData as StoreSettings;
let database: Database | null = null;
let failures = 0;
let idle: NodeJS.Timeout | null = null;

port.on('message', (message: readonly Call[]) => {
  const waiting = [message];
  for (;;) {
    const more = receiveMessageOnPort(port);
    if (more === undefined) break;
    waiting.push(more.message as readonly Call[]);
  }
  handle(waiting.flat());
});

function handle(calls: readonly Call[]): void {
  const rest: OtherCall[] = [];
  const small: SmallWrite[] = [];
  for (const call of calls) {
    if (call.kind === 'open') answer([attempt(call, () => open(call))]);
    else if (call.kind === 'append' || call.kind === 'set') small.push(call);
    else rest.push(call);
  }
  if (small.length > 0) answer(commitTogether(small));
  for (const call of rest) answer([attempt(call, () => carryOut(call))]);
  if (calls.some((call) => call.kind === 'close')) port.close();
  else tidyUpLater();
}

function commitTogether(calls: readonly SmallWrite[]): Reply[] {
  const late = (call: SmallWrite) => call.kind === 'append' && call.failuresSeen < failures;
  const refused = calls.filter(late);
  const taken = calls.filter((call) => !late(call));
  const why = new DarumaError('STORE_FAILED', 'records before these could not be written');
  const refusals = refused.map((call) => refusal(call, why));
  return taken.length === 0 ? refusals : [...refusals, ...commit(taken)];
}

function commit(calls: readonly SmallWrite[]): Reply[] {
  try {
    const opened = theDatabase();
    return opened.write(() =>
      calls.map((call): Reply => {
        if (call.kind === 'append') {
          return { id: call.id, ok: true, answer: append(opened, call) };
        }
        opened.set(call.key, call.value);
        return { id: call.id, ok: true, answer: null };
      }),
    );
  } catch (error) {
    if (calls.some((call) => call.kind === 'append')) failures += 1;
    return calls.map((call) => refusal(call, error));
  }
}

function append(to: Database, { records, unrecorded, firstSeq }: AppendCall): number {
  const known = firstSeq === null ? 0 : to.lastSeq + 1 - firstSeq;
  assert(known >= 0, 'records before these are missing');
  return to.append(records.slice(known), unrecorded);
}

function carryOut(call: OtherCall): Answers[CallKind] {
  const opened = theDatabase();
  switch (call.kind) {
    case 'snapshot':
      // What it contains would otherwise be numbered once more.
      assert(call.seq <= opened.lastSeq, 'the records before a snapshot are missing');
      opened.write(() => opened.saveSnapshot(call));
      return null;
    case 'errors':
      opened.write(() => opened.saveErrors(call));
      return null;
    case 'read':
      return opened.read(call.afterSeq, call.limit);
    case 'latest-snapshot':
      return opened.latestSnapshot();
    case 'all-errors':
      return opened.errors();
    case 'error-detail':
      return opened.errorDetail(call.error);
    case 'get':
      return opened.get(call.key);
    case 'close':
      if (idle !== null) clearTimeout(idle);
      opened.close();
      return null;
  }
}

function open({ lastSeq }: OpenCall): number {
  const opened = new Database(settings);
  if (lastSeq !== null && opened.lastSeq > lastSeq) opened.write(() => opened.forgetAfter(lastSeq));
  database = opened;
  return opened.lastSeq;
}

function theDatabase(): Database {
  if (database === null) throw new DarumaError('STORE_FAILED', 'the store is not open');
  return database;
}

function attempt(call: Call, work: () => Answers[CallKind]): Reply {
  try {
    return { id: call.id, ok: true, answer: work() };
  } catch (error) {
    return refusal(call, error);
  }
}

function refusal(call: { readonly id: number }, error: unknown): Reply {
  const code = error instanceof DarumaError ? error.code : 'STORE_FAILED';
  return { id: call.id, ok: false, code, message: errorInfo(error).message };
}

function answer(replies: readonly Reply[]): void {
  port.postMessage({ replies, failures } satisfies Replies);
}

function tidyUpLater(): void {
  if (idle !== null) {
    idle.refresh();
    return;
  }
  idle = setTimeout(tidyUp, idleMs);
}

function tidyUp(): void {
  try {
    if (database?.tidyUp() === false) tidyUpLater();
  } catch {
    // Nothing is lost by it: the log stays where it is, and what ails the disk shows, and is told,
    // with the next write.
    tidyUpLater();
  }
}
