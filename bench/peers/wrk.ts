/** wrk, a client that loads a server as fast as it answers, or with pauses. */
import { debianPackage, withLibraries } from './debian.ts';

const needs = ['libluajit-5.1-2', 'libluajit-5.1-common'];

/** How it is run. */
export async function wrkPackage(): Promise<readonly string[]> {
  const { root } = await debianPackage('wrk', '/usr/bin/wrk', needs);
  return withLibraries(root, '/usr/bin/wrk');
}
