/**
 * Routes as data: what each takes and gives and who may call it. The server, the OpenAPI
 * description and the tests of who may do what are made of the same list.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Caller } from './caller.ts';
import type { RoleName } from './roles.ts';

export type Access =
  /** Anybody who gets here. */
  | 'public'
  /** A token for metrics will do. */
  | 'metrics'
  | RoleName;

export interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Throws UNAUTHORIZED on public routes when nobody is logged in. */
  readonly caller: Caller;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly access: Access;
  /** For people only: API tokens are refused. */
  readonly personal: boolean;
  /** Takes an idempotency key. */
  readonly acts: boolean;
  readonly summary: string;
  readonly tag: string;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  /** Null: it takes none. */
  readonly body: z.ZodType | null;
  /** Null: nothing, or no JSON. */
  readonly answer: z.ZodType | null;
  readonly status: number;
  readonly bodyBytesMax: number;
  /** Undefined: no content, or it has answered itself. */
  readonly handle: (call: Call<unknown, unknown, unknown>) => unknown;
}

const none = z.strictObject({});
const bodyBytesMax = 64 * 1024;

interface Definition<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly method: Route['method'];
  readonly path: string;
  readonly access: Access;
  readonly personal?: boolean;
  readonly acts?: boolean;
  readonly summary: string;
  readonly tag: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answer?: z.ZodType;
  readonly status?: number;
  readonly bodyBytesMax?: number;
  readonly handle: (call: Call<z.output<P>, z.output<Q>, z.output<B>>) => unknown;
}

type Nothing = typeof none;

export function route<
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
>(definition: Definition<P, Q, B>): Route {
  const { handle, ...rest } = definition;
  return {
    personal: false,
    acts: false,
    params: none,
    query: none,
    answer: null,
    status: definition.answer === undefined ? 204 : 200,
    bodyBytesMax,
    ...rest,
    body: definition.body ?? null,
    handle: (call) => handle(call as Call<z.output<P>, z.output<Q>, z.output<B>>),
  };
}

/** JSON that is text, or bytes, already. */
export class JsonText {
  readonly text: string | Buffer;
  constructor(text: string | Buffer) {
    this.text = text;
  }
}
