/** The JSON Schema of the stack file, for editors: what `daruma schema` prints. */
import { z } from 'zod';
import { stackSchema } from './schema.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** A phrase that says what is expected, as in error messages, stands under `expected`. */
export function describedSchema(): JsonSchema {
  return z.toJSONSchema(stackSchema, { io: 'input' });
}

export function jsonSchema(): JsonSchema {
  return z.toJSONSchema(stackSchema, {
    io: 'input',
    override: ({ jsonSchema, path }) => {
      delete jsonSchema['expected'];
      // Numbers without a bound of their own get those of JavaScript, which say nothing here.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      const open = path.length === 0 || isService(path);
      if (open) jsonSchema.patternProperties = { '^x-': {} };
    },
  });
}

function isService(path: readonly (string | number)[]): boolean {
  return path.join('.') === 'properties.services.additionalProperties';
}
