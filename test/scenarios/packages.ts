/** Tarballs of this and an earlier state of Daruma, installed as people install them. */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

export interface Installed {
  readonly version: string;
  /** The `daruma` command. */
  readonly program: string;
}

/** What lies in the working tree now, as this version. */
export async function packThis(base: string, version: string): Promise<Installed> {
  const source = path.join(base, `source-${version}`);
  const left = new Set(['node_modules', '.git', 'dist', '.daruma']);
  const filter = (file: string) => !left.has(path.basename(file));
  await cp(root, source, { recursive: true, filter });
  return install(base, source, version);
}

/** An earlier commit: the one named in DARUMA_UPGRADE_FROM, the last release, or the one before. */
export async function packEarlier(base: string, version: string): Promise<Installed> {
  const commit = await earlierCommit();
  if (commit === null) return packThis(base, version);
  const source = path.join(base, `source-${version}`);
  await mkdir(source);
  const tree = path.join(base, 'earlier.tar');
  await run('git', ['archive', '--output', tree, commit], { cwd: root });
  await run('tar', ['-xf', tree, '-C', source]);
  return install(base, source, version);
}

/** Null: there is no history here that reaches so far, as in an unpacked tarball. */
async function earlierCommit(): Promise<string | null> {
  const named = process.env['DARUMA_UPGRADE_FROM'];
  const tag = await git('describe', '--tags', '--abbrev=0', 'HEAD~1');
  for (const commit of [named ?? null, tag, 'HEAD~1']) {
    if (commit !== null && (await git('cat-file', '-e', `${commit}:src/main.ts`)) !== null) {
      return commit;
    }
  }
  return null;
}

async function git(...args: string[]): Promise<string | null> {
  try {
    return (await run('git', args, { cwd: root })).stdout.trim();
  } catch {
    return null; // No such commit, or no repository at all.
  }
}

async function install(base: string, source: string, version: string): Promise<Installed> {
  const manifest = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8'));
  await writeFile(path.join(source, 'package.json'), JSON.stringify({ ...manifest, version }));
  await symlink(path.join(root, 'node_modules'), path.join(source, 'node_modules'));
  // Types are checked elsewhere.
  const compile = [
    'node_modules/typescript/bin/tsc',
    '--project',
    'tsconfig.build.json',
    '--noCheck',
  ];
  await run(process.execPath, compile, { cwd: source });
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', base], { cwd: source });
  const folder = path.join(base, version);
  await mkdir(folder);
  const consent = { private: true, allowScripts: { node: true } };
  await writeFile(path.join(folder, 'package.json'), JSON.stringify(consent));
  const tarball = `../daruma-${version}.tgz`;
  const options = ['--prefer-offline', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...options, tarball], { cwd: folder });
  return { version, program: path.join(folder, 'node_modules/.bin/daruma') };
}
