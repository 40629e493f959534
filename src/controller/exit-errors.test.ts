import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExitInfo } from '../model/exit.ts';
import type { LogRecord } from '../model/record.ts';
import { errorsOfExits } from './exit-errors.ts';

const exit: ExitInfo = { code: 1, signal: null, known: true, oom: false, lastLines: [] };

function errorsOf(changes: Partial<ExitInfo>, expected = false) {
  const ended = { kind: 'instance-exited', instance: 'api/1', expected } as const;
  const record: LogRecord = { at: 7, ...ended, exit: { ...exit, ...changes } };
  return errorsOfExits([record], 7, 'here');
}

test('an unexpected exit is an error, told with what the program said', () => {
  const lastLines = ['Error: no price', '    at till (shop.js:12)', '', 'Node.js v26.10.0'];
  const origin = { service: 'api', instance: 'api/1', host: 'here' };
  const message = 'exited with code 1: Error: no price';
  const told = { at: 7, code: 'EXIT_1', message, origin, source: 'exit' };
  assert.deepEqual(errorsOf({ lastLines }), [{ ...told, stack: lastLines.join('\n') }]);
  assert.deepEqual(errorsOf({ lastLines: ['Error: no price'] }), [told]);
  assert.deepEqual(errorsOf({}, true), []);
});

test('who was killed said nothing about that', () => {
  const lastLines = ['Error: one of long ago', 'GET /cart'];
  for (const signal of ['SIGKILL', 'SIGTERM']) {
    const [error] = errorsOf({ code: null, signal, lastLines });
    assert.deepEqual([error?.message, error?.stack], [`killed by ${signal}`, undefined]);
  }
  const heap = ['FATAL ERROR: JavaScript heap out of memory', ' 1: 0xe0f2 node::Abort()'];
  const [aborted] = errorsOf({ code: null, signal: 'SIGABRT', lastLines: heap });
  assert.equal(aborted?.message, `killed by SIGABRT: ${heap[0]}`);
});

test('its code tells how it ended', () => {
  const codes = [
    errorsOf({ code: null, signal: 'SIGSEGV' }),
    errorsOf({ code: null, signal: 'SIGKILL', oom: true }),
    errorsOf({ code: null, known: false }),
  ].map(([error]) => error?.code);
  assert.deepEqual(codes, ['SIGSEGV', 'OOM', 'EXIT']);
});
