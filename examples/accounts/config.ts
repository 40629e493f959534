/** What the environment says. Anything missing or wrong ends the program before it starts. */

export interface Config {
  readonly port: number;
  readonly databaseUrl: string;
  /** `api/1`, where Daruma runs it. */
  readonly instance: string;
  readonly jwtSecret: string | undefined;
  readonly jwtSecretFile: string;
  /** Daruma's socket, for error reports. */
  readonly darumaSocket: string | undefined;
  readonly darumaToken: string | undefined;
  readonly argon2: { readonly memoryKiB: number; readonly passes: number };
}

export function readConfig(env: NodeJS.ProcessEnv): Config {
  return {
    port: number(env, 'PORT', 1, 65_535, 8080),
    databaseUrl: required(env, 'DATABASE_URL'),
    instance: env['INSTANCE'] ?? 'api/1',
    jwtSecret: env['JWT_SECRET'],
    jwtSecretFile: env['JWT_SECRET_FILE'] ?? 'secrets/jwt',
    darumaSocket: env['DARUMA_SOCKET'],
    darumaToken: env['DARUMA_TOKEN'],
    // 19 MiB and 2 passes: OWASP's recommendation for Argon2id with one lane.
    argon2: {
      memoryKiB: number(env, 'ARGON2_MEMORY_KIB', 8, 4_194_304, 19_456),
      passes: number(env, 'ARGON2_PASSES', 1, 100, 2),
    },
  };
}

export function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

export function number(
  env: NodeJS.ProcessEnv,
  name: string,
  least: number,
  most: number,
  otherwise: number,
): number {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`${name} must be a whole number from ${least} to ${most}, not ${text}`);
}
