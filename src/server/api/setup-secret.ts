/**
 * The one-time secret with which the first admin is made: a file that only the owner of the state
 * directory can read, there until the account is.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { errorInfo } from '../../model/errors.ts';
import { freshSecret, isSame } from './secrets.ts';

export class SetupSecret {
  readonly #file: string;

  constructor(secretsDir: string) {
    this.#file = `${secretsDir}/console-setup`;
  }

  /** Made when there is none. */
  text(): string {
    try {
      writeFileSync(this.#file, freshSecret('setup').text, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if (errorInfo(error).code !== 'EEXIST') throw error;
    }
    return readFileSync(this.#file, 'utf8');
  }

  get exists(): boolean {
    return existsSync(this.#file);
  }

  is(text: string): boolean {
    return this.exists && isSame(readFileSync(this.#file, 'utf8'), text);
  }

  /** It is used up. */
  remove(): void {
    rmSync(this.#file, { force: true });
  }
}
