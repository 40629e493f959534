/** Why a message did not arrive. */
export interface Failure {
  /** For a person, without secrets. */
  readonly reason: string;
  /** Whether sending the same again may help. */
  readonly retryable: boolean;
  /** As the receiver asked; 0: it did not. */
  readonly retryAfterMs: number;
}

export function failure(reason: string, retryable: boolean, retryAfterMs = 0): Failure {
  return { reason, retryable, retryAfterMs };
}
