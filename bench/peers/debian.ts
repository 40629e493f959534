/**
 * Programs from Debian packages: the installed one, else the package is downloaded and unpacked
 * below the cache. That needs no root, starts no service and leaves the machine as it is.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { cacheDirectory } from './cache.ts';

const run = promisify(execFile);

export interface DebianPackage {
  /** To be put before paths such as `/usr/bin/sv`; empty: it is installed. */
  readonly root: string;
  readonly version: string;
}

/** Rejects with what to install. `needs`: packages that are unpacked beside it. */
export async function debianPackage(
  name: string,
  program: string,
  needs: readonly string[] = [],
): Promise<DebianPackage> {
  if (existsSync(program)) return { root: '', version: await installedVersion(name) };
  const root = `${cacheDirectory('debian')}/${name}`;
  try {
    if (!existsSync(root)) await unpack(root, name, needs);
    return { root, version: readFileSync(`${root}/version`, 'utf8') };
  } catch (cause) {
    throw new Error(`${name} can't be had; install it: sudo apt-get install -y ${name}`, { cause });
  }
}

async function installedVersion(name: string): Promise<string> {
  const { stdout } = await run('dpkg-query', ['-W', '-f', '${Version}', name]);
  return stdout;
}

async function unpack(root: string, name: string, needs: readonly string[]): Promise<void> {
  const packages = cacheDirectory('debian', `${name}.${process.pid}`);
  const unpacked = `${packages}/unpacked`;
  try {
    await download(packages, [name, ...needs]);
    for (const file of readdirSync(packages)) {
      await run('dpkg-deb', ['-x', `${packages}/${file}`, unpacked]);
      if (!file.startsWith(`${name}_`)) continue;
      const { stdout } = await run('dpkg-deb', ['-f', `${packages}/${file}`, 'Version']);
      writeFileSync(`${packages}/version`, stdout.trim());
    }
    renameSync(`${packages}/version`, `${unpacked}/version`);
    renameSync(unpacked, root);
  } finally {
    rmSync(packages, { recursive: true, force: true });
  }
}

/** The lists of packages may never have been fetched; only root may. */
async function download(directory: string, names: readonly string[]): Promise<void> {
  const fetch = () => run('apt-get', ['-qq', 'download', ...names], { cwd: directory });
  try {
    await fetch();
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
    await run('apt-get', ['-qq', 'update']);
    await fetch();
  }
}

/** How to run a program of a package together with the libraries unpacked beside it. */
export function withLibraries(root: string, program: string): readonly string[] {
  if (root === '') return [program];
  const places = readdirSync(`${root}/usr/lib`).filter((name) => name.endsWith('-linux-gnu'));
  const path = places.map((name) => `${root}/usr/lib/${name}`).join(':');
  return ['/usr/bin/env', `LD_LIBRARY_PATH=${path}`, `${root}${program}`];
}
