/**
 * A Compose file, as far as Daruma understands it. YAML's anchors and merge keys are resolved;
 * `${VAR}` stays, for a stack file reads it the same way; `extends` and `include` are not followed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { DarumaError } from '../model/errors.ts';

const fileNames = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

const scalar = z.union([z.string(), z.number(), z.boolean()]);
/** Text, because a number may be a variable. */
const text = z.union([z.string(), z.number()]).transform(String);
const words = z.union([z.string(), z.array(scalar.transform(String))]);

const dependency = z.looseObject({
  condition: z.string().optional(),
  required: z.boolean().optional(),
});

const service = z.looseObject({
  image: z.string().optional(),
  build: z.union([z.string(), z.looseObject({ context: z.string().optional() })]).optional(),
  entrypoint: words.nullish(),
  command: words.nullish(),
  environment: z.union([z.record(z.string(), scalar.nullable()), z.array(z.string())]).nullish(),
  env_file: z
    .union([
      z.string(),
      z.array(
        z.union([
          z.string(),
          z.looseObject({ path: z.string(), required: z.boolean().optional() }),
        ]),
      ),
    ])
    .optional(),
  working_dir: z.string().optional(),
  user: text.optional(),
  depends_on: z.union([z.array(z.string()), z.record(z.string(), dependency)]).nullish(),
  healthcheck: z
    .looseObject({
      test: words.optional(),
      retries: text.optional(),
      disable: z.boolean().optional(),
    })
    .optional(),
  restart: z.union([z.string(), z.boolean()]).optional(),
  stop_signal: text.optional(),
  stop_grace_period: text.optional(),
  deploy: z
    .looseObject({
      replicas: text.optional(),
      resources: z.looseObject({ limits: z.looseObject({}).optional() }).optional(),
      restart_policy: z.looseObject({ condition: z.string().optional() }).optional(),
    })
    .optional(),
  scale: text.optional(),
  mem_limit: text.optional(),
  cpus: text.optional(),
  pids_limit: text.optional(),
  ports: z.array(z.unknown()).optional(),
  volumes: z
    .array(
      z.union([
        z.string(),
        z.looseObject({
          type: z.string().optional(),
          source: z.string().optional(),
          target: z.string().optional(),
        }),
      ]),
    )
    .nullish(),
  profiles: z.array(z.string()).optional(),
});

const compose = z.looseObject({
  name: z.string().optional(),
  services: z
    .record(
      z.string(),
      service.nullable().transform((one) => one ?? {}),
    )
    .default({}),
});

export type ComposeService = z.output<typeof service>;
export type ComposeFile = z.output<typeof compose>;

/** The Compose file of a directory; null: it has none. */
export function findComposeFile(directory: string): string | null {
  const name = fileNames.find((candidate) => existsSync(join(directory, candidate)));
  return name === undefined ? null : join(directory, name);
}

const todo = 'Name a Compose file that `docker compose config` takes.';

/** Throws BAD_REQUEST when the file can't be read or is not a Compose file. */
export function readCompose(file: string): ComposeFile {
  const result = compose.safeParse(readValue(file));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined ? '' : `: ${issue.path.join('.')}: ${issue.message}`;
  throw new DarumaError('BAD_REQUEST', `${file} is not understood${where}`, { todo });
}

function readValue(file: string): unknown {
  try {
    const document = parseDocument(readFileSync(file, 'utf8'), { merge: true });
    const [problem] = document.errors;
    if (problem !== undefined) throw problem;
    // As written: 1.10 is no number to a program.
    visit(document, {
      Scalar(_key, node) {
        const written = typeof node.value === 'number' ? node.source : undefined;
        if (written !== undefined && written !== String(node.value)) node.value = written;
      },
    });
    return document.toJS() ?? {};
  } catch (cause) {
    throw new DarumaError('BAD_REQUEST', `${file} can't be read`, { cause, todo });
  }
}
