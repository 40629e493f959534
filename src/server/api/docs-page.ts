/** The description of the API as a page to read: no script, nothing from elsewhere. */
import { errorTable } from '../../model/errors.ts';
import type { Route } from './route.ts';

export const docsStyle = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color-scheme: light dark; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid #8886; border-radius: 6px; }
details { border-bottom: 1px solid #8884; padding: 0.4rem 0; }
summary { cursor: pointer; }
b { display: inline-block; min-width: 4.5rem; }
td, th { text-align: left; padding: 0.2rem 1rem 0.2rem 0; vertical-align: top; }
`;

type Json = Readonly<Record<string, unknown>>;

export function docsPage(routes: readonly Route[], description: Json): string {
  const tags = [...new Set(routes.map(({ tag }) => tag))];
  const paths = description['paths'] as Readonly<Record<string, Readonly<Record<string, Json>>>>;
  const sections = tags.map((tag) => {
    const own = routes.filter((route) => route.tag === tag);
    return `<h2>${escaped(tag)}</h2>${own.map((route) => section(route, paths)).join('')}`;
  });
  const errors = Object.entries(errorTable).map(
    ([code, { status, todo }]) =>
      `<tr><td><code>${code}</code></td><td>${status}</td><td>${escaped(todo)}</td></tr>`,
  );
  const info = description['info'] as { readonly description: string; readonly version: string };
  return [
    '<!doctype html><html lang="en"><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    '<title>Daruma: API</title><link rel="stylesheet" href="/api/docs.css">',
    `<h1>Daruma ${escaped(info.version)}: API</h1><p>${coded(info.description)}</p>`,
    '<p>For programs: <a href="/api/openapi.json">openapi.json</a>.</p>',
    ...sections,
    '<h2>Errors</h2><table><tr><th>code</th><th>status</th><th>what to do</th></tr>',
    ...errors,
    '</table></html>',
  ].join('\n');
}

function section(route: Route, paths: Readonly<Record<string, Readonly<Record<string, Json>>>>) {
  const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
  const operation = paths[path]?.[route.method.toLowerCase()] ?? {};
  const { parameters, requestBody, responses, description } = operation;
  const parts = [
    `<p>${coded(String(description))}</p>`,
    block('Parameters', parameters),
    block('Body', requestBody),
    block('Answers', responses),
  ];
  const head = `<b>${route.method}</b> <code>${escaped(path)}</code> ${coded(route.summary)}`;
  return `<details><summary>${head}</summary>${parts.join('')}</details>`;
}

function block(title: string, value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return '';
  return `<h3>${title}</h3><pre>${escaped(JSON.stringify(value, null, 2))}</pre>`;
}

function coded(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
