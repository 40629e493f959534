/** Errors as the API tells them: RFC 9457 problem details, by the one table of errors. */
import type { FastifyReply } from 'fastify';
import { ZodError } from 'zod';
import { DarumaError, type ErrorCode, errorInfo, errorTable } from '../model/errors.ts';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** A code of the table. */
  readonly code: ErrorCode;
  readonly retryable: boolean;
}

export function problemOf(error: unknown): Problem {
  const { code, message } = classify(error);
  const { status, retryable, todo } = errorTable[code];
  return { type: 'about:blank', title: todo, status, detail: message, code, retryable };
}

export function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const problem = problemOf(error);
  return reply.code(problem.status).type('application/problem+json').send(problem);
}

function classify(error: unknown): { readonly code: ErrorCode; readonly message: string } {
  if (error instanceof DarumaError) return { code: error.code, message: errorInfo(error).message };
  if (error instanceof ZodError) return { code: 'BAD_REQUEST', message: describeIssues(error) };
  const { message } = errorInfo(error);
  return { code: isClientError(error) ? 'BAD_REQUEST' : 'INTERNAL', message };
}

function describeIssues(error: ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}

/** As fastify marks bodies that are too large or no JSON. */
function isClientError(error: unknown): boolean {
  if (!(error instanceof Error) || !('statusCode' in error)) return false;
  return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500;
}
