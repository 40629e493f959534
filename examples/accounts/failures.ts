/** Errors that have an answer for the client. */

interface FailureOptions extends ErrorOptions {
  readonly retryAfter?: number;
  readonly expected?: boolean;
}

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly status: number;
  readonly code: string;
  /** Seconds, for `Retry-After`. */
  readonly retryAfter: number | undefined;
  /** Part of the normal course, such as a start: no error of ours. */
  readonly expected: boolean;

  constructor(status: number, code: string, message: string, options: FailureOptions = {}) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.retryAfter = options.retryAfter;
    this.expected = options.expected ?? false;
  }
}

export function unavailable(message: string, cause?: unknown): Failure {
  return new Failure(503, 'DATABASE_UNAVAILABLE', message, { cause, retryAfter: 1 });
}
