/** nginx, as a peer. */
import { debianPackage, withLibraries } from './debian.ts';

/** `argv`: how it is run. */
export async function nginxPackage() {
  const { root, version } = await debianPackage('nginx', '/usr/sbin/nginx', ['libpcre2-8-0']);
  return { version, argv: withLibraries(root, '/usr/sbin/nginx') };
}
