/** The API as a page of the reference, made of the routes. */
import { z } from 'zod';
import { allRoutes } from './app.ts';
import type { Parts } from './parts.ts';
import type { Route } from './route.ts';

const accessTexts: Readonly<Record<Route['access'], string>> = {
  public: 'anybody',
  metrics: 'scope metrics',
  viewer: 'viewer',
  operator: 'operator',
  admin: 'admin',
};

/** Sections of Markdown. */
export function apiReference(): readonly string[] {
  // Only their handlers, which nobody calls here, need the parts.
  const routes = allRoutes({} as Parts, new Map());
  const tags = [...new Set(routes.map(({ tag }) => tag))];
  return tags.flatMap((tag) => [
    `## ${tag}`,
    [
      '| route | who | |',
      '|---|---|---|',
      ...routes.filter((route) => route.tag === tag).map(rowOf),
    ].join('\n'),
  ]);
}

function rowOf(route: Route): string {
  const { method, path, access, personal, acts, summary, query, body } = route;
  const who = `${accessTexts[access]}${personal ? ', people only' : ''}`;
  const parts = [
    summary,
    fieldsText('Query', query),
    body === null ? '' : fieldsText('Body', body),
    acts ? 'Takes an `Idempotency-Key`.' : '',
  ];
  const text = parts.filter((part) => part !== '').join(' ');
  return `| \`${method} ${path}\` | ${who} | ${text.replaceAll('|', '\\|')} |`;
}

function fieldsText(title: string, schema: z.ZodType): string {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
  });
  const names = Object.keys(properties).map((name) =>
    required.includes(name) ? `\`${name}\`` : `\`${name}\`?`,
  );
  return names.length === 0 ? '' : `${title}: ${names.join(', ')}.`;
}
