/** HAProxy, as a peer and as a program that answers fast. */
import { debianPackage, withLibraries } from './debian.ts';

/** Libraries that come with no minimal Debian. */
const needs = ['liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1', 'libpcre2-8-0'];

/** `argv`: how it is run. */
export async function haproxyPackage() {
  const { root, version } = await debianPackage('haproxy', '/usr/sbin/haproxy', needs);
  return { version, argv: withLibraries(root, '/usr/sbin/haproxy') };
}
