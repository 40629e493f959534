/** The stack file of an import as text, and what it lost as lines for people. */
import { Document, isMap, isScalar, isSeq, visit } from 'yaml';
import type { Fields, Lost } from './import-parts.ts';

export interface ImportedService {
  readonly name: string;
  /** Who runs it. */
  readonly place: 'daruma' | 'docker' | 'nowhere';
  readonly fields: Fields;
  readonly lost: readonly Lost[];
}

export interface StackParts {
  /** The Compose file, relative to the stack file. */
  readonly origin: string;
  readonly name: string;
  readonly services: readonly ImportedService[];
  readonly lost: readonly Lost[];
}

export function stackText({ origin, name, services, lost }: StackParts): string {
  const head = [
    `# Written by \`daruma import\` from ${origin}. What could not be carried over is marked TODO.`,
    '# Endpoints are open to this machine only, unless they begin with another address.',
    ...lostLines(lost).map((line) => `# TODO ${line}`),
    `name: ${name}`,
    'services:',
  ];
  return `${head.join('\n')}\n${services.map(block).join('\n')}`;
}

function block({ name, place, fields, lost }: ImportedService): string {
  const todo = lostLines(lost);
  if (place === 'nowhere') return todo.map((line) => `  # TODO ${name}: ${line}\n`).join('');
  const comments = todo.map((line) => `  # TODO ${line}\n`).join('');
  return `${comments}${yaml({ [name]: fields }).replaceAll(/^(?=.)/gm, '  ')}`;
}

function yaml(value: Fields): string {
  const document = new Document(value, { compat: 'yaml-1.1' });
  visit(document, {
    Seq(_key, node) {
      node.flow = true;
    },
    Pair(_key, { key, value: inner }) {
      if (!isScalar(key) || key.value !== 'depends_on' || !isMap(inner)) return;
      for (const { value: one } of inner.items) if (isMap(one) || isSeq(one)) one.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** What follows from something has a line of its own; all else is one list. */
export function lostLines(lost: readonly Lost[]): string[] {
  const told = lost.filter(({ reason }) => reason !== null);
  const rest = lost.filter(({ reason }) => reason === null).map(named);
  const lines = told.map((each) => `${named(each)}: ${each.reason}`);
  return [...new Set(lines), ...(rest.length === 0 ? [] : [`without: ${rest.join(', ')}`])];
}

function named({ field, value }: Lost): string {
  return value === '' ? field : `${field} (${value})`;
}
