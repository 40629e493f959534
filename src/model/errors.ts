/**
 * The one table of errors that leave Daruma. Each has a stable code, an exit code for the command
 * line, an HTTP status for the API and a hint of what to do. A test pins it.
 */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  invalidStack: 3,
  notRunning: 4,
  alreadyRunning: 5,
  requirementUnmet: 6,
  timedOut: 7,
  refused: 8,
  notFound: 9,
} as const;

interface ErrorKind {
  readonly exit: number;
  readonly status: number;
  readonly retryable: boolean;
  readonly todo: string;
}

export const errorTable = {
  STACK_INVALID: {
    exit: 3,
    status: 422,
    retryable: false,
    todo: 'Correct the stack file where the message points; `daruma check` tells when it is right.',
  },
  STACK_NOT_FOUND: {
    exit: 3,
    status: 404,
    retryable: false,
    todo: 'Name the stack file with --file, or go to its directory; `daruma init` writes a first one.',
  },
  NOT_RUNNING: { exit: 4, status: 503, retryable: true, todo: 'Start the stack with `daruma up`.' },
  ALREADY_RUNNING: {
    exit: 5,
    status: 409,
    retryable: false,
    todo: '`daruma ps` shows it, `daruma attach` watches it, `daruma down` ends it.',
  },
  STATE_IN_USE: {
    exit: 5,
    status: 409,
    retryable: false,
    todo: 'Another stack owns this state directory: give one of them --state-dir.',
  },
  REQUIREMENT_UNMET: {
    exit: 6,
    status: 409,
    retryable: false,
    todo: 'Install or change what the message names.',
  },
  PORT_TAKEN: {
    exit: 6,
    status: 409,
    retryable: true,
    todo: 'Stop the process named, or choose another port.',
  },
  USER_UNKNOWN: {
    exit: 6,
    status: 409,
    retryable: false,
    todo: 'Create the user, or change `user:`.',
  },
  TIMED_OUT: {
    exit: 7,
    status: 504,
    retryable: true,
    todo: 'See `daruma ps` and `daruma explain` for what is missing.',
  },
  REFUSED: {
    exit: 8,
    status: 409,
    retryable: false,
    todo: 'The message says what stands in the way; docs/concepts.md explains the guards.',
  },
  UNAUTHORIZED: {
    exit: 8,
    status: 401,
    retryable: false,
    todo: 'Log in, or send `authorization: Bearer TOKEN`; an instance has its own in DARUMA_TOKEN.',
  },
  FORBIDDEN: {
    exit: 8,
    status: 403,
    retryable: false,
    todo: 'Ask somebody with the role that the message names.',
  },
  TOO_MANY_REQUESTS: {
    exit: 8,
    status: 429,
    retryable: true,
    todo: 'Wait for as long as `retry-after` says, and ask again.',
  },
  NOT_FOUND: {
    exit: 9,
    status: 404,
    retryable: false,
    todo: '`daruma ps`, `daruma incidents` and `daruma errors` tell what there is.',
  },
  BAD_REQUEST: { exit: 2, status: 400, retryable: false, todo: 'See --help.' },
  START_FAILED: {
    exit: 1,
    status: 500,
    retryable: true,
    todo: 'The message and `daruma logs` say why.',
  },
  STOP_FAILED: {
    exit: 1,
    status: 500,
    retryable: true,
    todo: 'A process could not be ended; it is named in the message.',
  },
  ACTION_FAILED: {
    exit: 1,
    status: 500,
    retryable: true,
    todo: 'See `daruma explain` and the output of the command.',
  },
  STORE_FAILED: {
    exit: 1,
    status: 503,
    retryable: true,
    todo: 'Free or repair the disk of the state directory; Daruma goes on by itself.',
  },
  STORE_TOO_NEW: {
    exit: 1,
    status: 500,
    retryable: false,
    todo: 'This state was written by a newer Daruma: use that version.',
  },
  POINT_DAMAGED: {
    exit: 1,
    status: 500,
    retryable: false,
    todo: 'Use another point; `daruma vault verify` names all that is damaged.',
  },
  POINT_FOREIGN: {
    exit: 8,
    status: 409,
    retryable: false,
    todo: 'It was made by another stack or service: name the one that it belongs to.',
  },
  POINT_TOO_NEW: {
    exit: 1,
    status: 500,
    retryable: false,
    todo: 'This recovery point was made by a newer Daruma: use that version.',
  },
  KEY_MISSING: {
    exit: 6,
    status: 409,
    retryable: false,
    todo: 'Name the file with the private key (age identity), or give the passphrase.',
  },
  KEY_WRONG: {
    exit: 6,
    status: 409,
    retryable: false,
    todo: 'The message names whom it is encrypted to: give one of their keys.',
  },
  PLACE_UNREACHABLE: {
    exit: 1,
    status: 503,
    retryable: true,
    todo: 'Look after the place that the message names; Daruma tries it again by itself.',
  },
  PLACE_REFUSED: {
    exit: 6,
    status: 502,
    retryable: false,
    todo: 'Correct keys or rights at the place that the message names.',
  },
  PLACE_FULL: {
    exit: 1,
    status: 507,
    retryable: true,
    todo: 'Free space there, keep fewer points (`keep:`), or add a place (`to:`).',
  },
  DATA_DAMAGED: {
    exit: 1,
    status: 500,
    retryable: false,
    todo: "The service's own data is damaged where the message says; `daruma points` has copies.",
  },
  INTERNAL: {
    exit: 1,
    status: 500,
    retryable: false,
    todo: 'This is a defect in Daruma: please report it with the message.',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorTable;

/** What the core and the log keep of an error. */
export interface ErrorInfo {
  /** A code of `errorTable`, or of the system or application (`ENOENT`, `23505`, …). */
  readonly code: string;
  readonly message: string;
}

/** An error with a code of the table; its message is for a person. */
export class DarumaError extends Error {
  override readonly name = 'DarumaError';
  readonly code: ErrorCode;
  /** What to do: that of the table, unless there is something better to say. */
  readonly todo: string;
  constructor(
    code: ErrorCode,
    message: string,
    options: ErrorOptions & { readonly todo?: string } = {},
  ) {
    super(message, options);
    this.code = code;
    this.todo = options.todo ?? errorTable[code].todo;
  }
}

/** Any thrown value as code and message, with the causes' messages behind it. */
export function errorInfo(error: unknown): ErrorInfo {
  if (!(error instanceof Error)) return { code: 'INTERNAL', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'INTERNAL';
  const cause = error.cause === undefined ? '' : `: ${errorInfo(error.cause).message}`;
  return { code, message: `${error.message}${cause}` };
}
