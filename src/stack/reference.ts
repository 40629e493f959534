/** The reference page of the stack file, made of its schema so that it says what is true. */
import { describedSchema, type JsonSchema } from './json-schema.ts';

const introduction = `# The stack file

<!-- Generated from src/stack by \`npm run reference\`; changes made here are lost. -->

\`daruma.yaml\` (or \`daruma.yml\`, \`daruma.config.ts\`, \`.js\`, \`.mjs\`) says what a stack is made of.
The words are those of Compose where Compose has one. \`daruma check\` tells what is wrong with a
file, by line and column; \`daruma schema\` prints the JSON Schema for editors.

## Values

- **Durations** are written \`500ms\`, \`10s\`, \`1m30s\`, \`2h\`, \`1d\`.
- **Sizes** are written \`64m\`, \`512MiB\`, \`2g\`, or as a number of bytes. Units are powers of 1024
  however they are written, as in Compose.
- **Budgets** are written \`5 per 10m\`: at most 5 in any 10 minutes.
- **Commands** are a list of words, or text that is split into words as a POSIX shell would: quotes
  and backslashes count, nothing is expanded. With \`shell: true\` the text goes to \`sh -c\`.
- **Names that begin with \`x-\`** are ignored at the top level and in services; anchors, aliases and
  merge keys (\`<<\`) work.

## Variables

Variables of the environment, and of a file \`.env\` beside the stack file where the environment
lacks them, are replaced in all values when the file is read:

| written | is replaced by |
|---|---|
| \`$VAR\`, \`\${VAR}\` | its value; if it isn't set, nothing, with a warning |
| \`\${VAR:-default}\`, \`\${VAR-default}\` | its value; the default if it is unset or empty, or only if unset |
| \`\${VAR:?message}\`, \`\${VAR?message}\` | its value; an error with the message if it is unset or empty, or only if unset |
| \`\${VAR:+other}\`, \`\${VAR+other}\` | the other text if it is set and not empty, or only if set; else nothing |
| \`$$\` | one \`$\` |

A \`$\` before anything else stays as it is. These are known only when an instance starts; they can be
used in \`command\`, \`environment\`, \`env_file\`'s values, \`healthcheck\`, \`external\`, \`actions\` and
\`failover\`, and go before variables of the same name:

| written | is replaced by |
|---|---|
| \`\${PORT}\` | the port that the instance is to listen on; also in its environment |
| \`\${INSTANCE}\` | its name, such as \`api/2\` |
| \`\${INSTANCE_NUMBER}\` | its number, from 1 |
| \`\${DARUMA_NODE}\` | the path of the Node.js that runs Daruma |
| \`\${ROLE}\`, \`\${EPOCH}\` | in \`failover\`: \`primary\` or \`standby\`; the number of the primary’s reign |
| \`\${services.NAME.url}\`, \`host\`, \`port\` | the endpoint of a service |
| \`\${services.NAME.user}\`, \`password\`, \`database\` | of a service with \`driver: postgres\` |

They are replaced also where they are written with two dollars (\`$\${PORT}\`).
`;

const stackInTypeScript = `
## In TypeScript

\`daruma.config.ts\` exports the same as its default, checked by the compiler:

\`\`\`ts
import { defineStack } from 'daruma';

export default defineStack({
  services: { api: { command: 'node api.js', endpoint: 8080 } },
});
\`\`\`
`;

interface Section {
  readonly title: string;
  readonly schema: JsonSchema;
  readonly text: string;
}

export function referencePage(): string {
  const sections = sectionsOf({ title: 'The stack', schema: describedSchema(), text: '' });
  return [introduction, ...sections.map(render), stackInTypeScript].join('');
}

function sectionsOf(section: Section): Section[] {
  const inner = fieldsOf(section.schema).flatMap(([name, field]) => {
    return mapsIn(field).map(({ schema, suffix }) => ({
      title: [section.title === 'The stack' ? '' : `${section.title}.`, name, suffix].join(''),
      schema,
      text: field.description ?? '',
    }));
  });
  return [section, ...inner.flatMap(sectionsOf)];
}

function fieldsOf(schema: JsonSchema): [string, JsonSchema][] {
  return Object.entries(schema.properties ?? {}) as [string, JsonSchema][];
}

/** The maps with known fields that a value may be or hold. */
function mapsIn(schema: JsonSchema): { readonly schema: JsonSchema; readonly suffix: string }[] {
  if (schema.properties !== undefined) return [{ schema, suffix: '' }];
  const below = (inner: unknown, suffix: string) =>
    typeof inner !== 'object' || inner === null
      ? []
      : mapsIn(inner as JsonSchema).map((found) => ({ ...found, suffix: suffix + found.suffix }));
  return [
    ...below(schema.additionalProperties, '.NAME'),
    ...below(schema.items, '[]'),
    ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((option) => below(option, '')),
  ];
}

function render({ title, schema, text }: Section): string {
  const heading = title === 'The stack' ? title : `\`${title}\``;
  const rows = fieldsOf(schema).map(([name, field]) => {
    const required = schema.required?.includes(name) === true ? 'required' : byDefault(field);
    const cells = [`\`${name}\``, typeOf(field), required, field.description ?? ''];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  });
  const about = text === '' ? '' : `\n${text}\n`;
  return `\n## ${heading}\n${about}\n| field | expected | default | |\n|---|---|---|---|\n${rows.join('')}`;
}

/** An empty map or list is no default worth naming. */
function byDefault({ default: value }: JsonSchema): string {
  if (value === undefined) return '';
  const empty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  if (empty) return '';
  return `\`${Array.isArray(value) ? JSON.stringify(value) : String(value)}\``;
}

function typeOf(field: JsonSchema): string {
  const expected = field['expected'];
  return typeof expected === 'string' ? expected : '';
}
