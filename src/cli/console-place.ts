/** Where the console is, and how one gets in there first. */
import { existsSync } from 'node:fs';
import { layout } from '../model/layout.ts';
import type { ConsoleFile } from '../ports/keeper.ts';
import { readJsonFile } from '../ports/replace-file.ts';
import { SetupSecret } from '../server/api/setup-secret.ts';

/** Null: there is none, or not yet. */
export function consoleFile(stateDir: string): ConsoleFile | null {
  return readJsonFile(layout(stateDir).consoleFile) as ConsoleFile | null;
}

/** On this machine; one that listens everywhere has no address of its own. */
export function consoleUrl({ host, port, tls }: ConsoleFile): string {
  const named = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  const name = named.includes(':') ? `[${named}]` : named;
  return `${tls ? 'https' : 'http'}://${name}:${port}/`;
}

/** The link with which the first admin is made. */
export function setupLink(stateDir: string, file: ConsoleFile): string {
  const secret = new SetupSecret(layout(stateDir).secretsDir).text();
  return `${consoleUrl(file)}setup#${secret}`;
}

/** For who has just brought the stack up: the way in, until somebody has gone it. */
export function consoleLines(stateDir: string): string[] {
  const file = consoleFile(stateDir);
  if (file === null || file.taken !== undefined) return [];
  const paths = layout(stateDir);
  const isNew = !existsSync(paths.accountsDatabase) || new SetupSecret(paths.secretsDir).exists;
  return [
    `  console  ${consoleUrl(file)}`,
    ...(isNew ? [`  make the first admin, once: ${setupLink(stateDir, file)}`] : []),
  ];
}
