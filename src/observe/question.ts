/** From the probe of a stack file to the question that it asks. */
import { errorInfo } from '../model/errors.ts';
import type { ProbeSpec } from '../model/stack-spec.ts';
import type { WatchedInstance } from '../ports/observer.ts';
import { connectionFailure, failure, type Question } from './check.ts';
import { type ExecOptions, execQuestion } from './exec-probe.ts';
import { httpQuestion } from './http-probe.ts';
import { tcpQuestion } from './tcp-probe.ts';

export function questionOf(
  probe: ProbeSpec,
  watched: WatchedInstance,
  timeoutMs: number,
  options: ExecOptions,
): Question {
  switch (probe.kind) {
    case 'http':
      return httpQuestion(probe, watched);
    case 'tcp':
      return tcpQuestion(probe.address, watched);
    case 'exec':
      return execQuestion(probe, watched, options);
    case 'sql': {
      const check = watched.sqlCheck;
      const query = watched.expand(probe.query);
      return promiseQuestion(check === null ? null : () => check(query, timeoutMs));
    }
    case 'driver': {
      const check = watched.driverCheck;
      return promiseQuestion(check === null ? null : () => check(timeoutMs));
    }
  }
}

/** The driver frees what it holds by the time-out that it is given. */
function promiseQuestion(check: (() => Promise<void>) | null): Question {
  return (settle) => {
    if (check === null) settle(failure('its driver has no such check'));
    else
      check().then(
        () => settle({ ok: true }),
        (error: unknown) => settle(driverFailure(error)),
      );
    return () => undefined;
  };
}

function driverFailure(error: unknown): ReturnType<typeof failure> {
  const { code, message } = errorInfo(error);
  if (code === 'TIMED_OUT') return { ok: false, failure: 'timeout', text: message };
  const connection = connectionFailure(error);
  return connection.ok || connection.failure === 'failed' ? failure(message) : connection;
}
