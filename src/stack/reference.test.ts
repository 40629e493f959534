import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describedSchema, jsonSchema } from './json-schema.ts';
import { referencePage } from './reference.ts';

test('the reference page is current (else: npm run reference)', () => {
  const page = new URL('../../docs/reference/stack-file.md', import.meta.url);
  assert.equal(readFileSync(page, 'utf8'), referencePage());
});

test('every field has a description and says what it expects', () => {
  const lacking: string[] = [];
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    for (const [key, value] of Object.entries(schema)) {
      if (key !== 'properties') visit(value, `${path}.${key}`);
      else {
        for (const [name, field] of Object.entries(value as object)) {
          if (!field.description || !field.expected) lacking.push(`${path}.${name}`);
          visit(field, `${path}.${name}`);
        }
      }
    }
  };
  visit(describedSchema(), '');
  assert.deepEqual(lacking, []);
});

test('the JSON Schema allows x- words where the reader does, and nothing else unknown', () => {
  const schema = jsonSchema();
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(schema.patternProperties, { '^x-': {} });
  const services = schema.properties?.['services'] as { additionalProperties: object };
  assert.deepEqual(Object(services.additionalProperties).patternProperties, { '^x-': {} });
  assert.ok(!JSON.stringify(schema).includes('"expected"'));
});
