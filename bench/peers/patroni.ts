/** Patroni with etcd, and HAProxy before it as its documentation shows. */
import { existsSync } from 'node:fs';
import { debianPackage, withLibraries } from './debian.ts';

const needs = [
  'python3-psycopg2',
  'python3-yaml',
  'python3-etcd',
  'python3-click',
  'python3-dateutil',
  'python3-prettytable',
  'python3-wcwidth',
  'python3-psutil',
  'python3-urllib3',
  'python3-six',
  'python3-dnspython',
  'python3-cdiff',
  'python3-pkg-resources',
  'libpq5',
];
/** For which Debian's modules are made. */
const python = '/usr/bin/python3';

export async function patroniPackage() {
  const { root, version } = await debianPackage('patroni', '/usr/bin/patroni', needs);
  const etcd = await debianPackage('etcd-server', '/usr/bin/etcd');
  if (!existsSync(python)) throw new Error('Patroni needs Debian’s python3; install it');
  const argv = withLibraries(root, '/usr/bin/patroni');
  const program = argv.at(-1) ?? '';
  return {
    version,
    argv: [
      '/usr/bin/env',
      ...argv.slice(1, -1),
      ...(root === '' ? [] : [`PYTHONPATH=${root}/usr/lib/python3/dist-packages`]),
      python,
      program,
    ],
    etcd: `${etcd.root}/usr/bin/etcd`,
  };
}
