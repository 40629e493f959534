/** Errors that have an answer for the client. */

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly status: number;
  readonly code: string;
  /** Seconds, for `Retry-After`. */
  readonly retryAfter: number | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    options: ErrorOptions & { readonly retryAfter?: number } = {},
  ) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.retryAfter = options.retryAfter;
  }
}

export function unavailable(message: string, cause?: unknown): Failure {
  return new Failure(503, 'DATABASE_UNAVAILABLE', message, { cause, retryAfter: 1 });
}
