/** The description of the API (OpenAPI 3.1), made of the routes themselves. */
import { z } from 'zod';
import { errorTable } from '../../model/errors.ts';
import type { Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

const accessTexts: Readonly<Record<Route['access'], string>> = {
  public: 'Anybody.',
  metrics: 'An API token with the scope `metrics`, or whoever is logged in.',
  viewer: 'Role viewer.',
  operator: 'Role operator.',
  admin: 'Role admin.',
};

export function openApi(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Daruma',
      version,
      description:
        'All that the command line does. Programs send `Authorization: Bearer TOKEN`; the console ' +
        'has cookies. Whatever acts takes an `Idempotency-Key`. Errors are problem details ' +
        '(RFC 9457) with a code of the table below.',
    },
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'daruma-access-PORT' },
      },
      schemas: { Problem: problem },
    },
  };
}

const problem: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'retryable'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string', description: 'What to do about it.' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What is wrong, for a person.' },
    code: { type: 'string', enum: Object.keys(errorTable) },
    retryable: { type: 'boolean', description: 'The same may work later.' },
  },
};

function operation(route: Route): Json {
  const { summary, tag, access, personal, body, answer, status } = route;
  const content = answer === null ? {} : { content: jsonOf(schemaOf(answer, 'output')) };
  const person = personal ? ' People only, no API tokens.' : '';
  return {
    summary,
    tags: [tag],
    description: `${accessTexts[access]}${person}`,
    security: access === 'public' ? [] : [{ token: [] }, { session: [] }],
    parameters: parametersOf(route),
    ...(body === null
      ? {}
      : { requestBody: { required: true, content: jsonOf(schemaOf(body, 'input')) } }),
    responses: {
      [String(status)]: { description: 'Done.', ...content },
      default: {
        description: 'A problem.',
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    },
  };
}

function parametersOf({ params, query, acts }: Route): readonly Json[] {
  const key = {
    name: 'idempotency-key',
    in: 'header',
    required: false,
    description: 'The same key within a day: it is done once, and answered the same.',
    schema: { type: 'string', minLength: 1, maxLength: 200 },
  };
  return [...fields(params, 'path'), ...fields(query, 'query'), ...(acts ? [key] : [])];
}

function fields(schema: z.ZodType, place: 'path' | 'query'): readonly Json[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    readonly properties?: Readonly<Record<string, Json>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function jsonOf(schema: Json): Json {
  return { 'application/json': { schema } };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
