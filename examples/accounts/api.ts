/** The API as a program: reads its environment, serves, and ends without losing a request. */
import { Accounts } from './accounts.ts';
import { buildApp } from './app.ts';
import { Attempts } from './attempts.ts';
import { readConfig } from './config.ts';
import { Database } from './database.ts';
import { OwnErrors } from './own-errors.ts';
import { Passwords } from './passwords.ts';
import { readSecret, Tokens } from './tokens.ts';

const config = readConfig(process.env);
const database = new Database(config.databaseUrl, (text) => app.log.warn(text));
const ownErrors = new OwnErrors({
  database,
  instance: config.instance,
  darumaSocket: config.darumaSocket,
  darumaToken: config.darumaToken,
  log: (text, error) => app.log.warn(error, text),
});
const app = buildApp({
  database,
  accounts: new Accounts(database, new Passwords(config.argon2)),
  tokens: new Tokens(config.jwtSecret ?? (await readSecret(config.jwtSecretFile))),
  attempts: new Attempts(),
  ownErrors,
  instance: config.instance,
  logger: { level: 'info' },
});

let stopping = false;

/** No new connections; requests under way are answered; then the database, then the end. */
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await app.close();
  await ownErrors.close();
  await database.close();
  process.exit(0);
}

process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());

await app.listen({ host: '127.0.0.1', port: config.port });
await database.prepare();
