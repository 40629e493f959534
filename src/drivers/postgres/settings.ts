/** The configuration file that is ours; PostgreSQL's own one stays as it is and is read first. */
import { join } from 'node:path';
import { DarumaError } from '../../model/errors.ts';

const sensible = {
  log_destination: 'stderr',
  logging_collector: 'off',
  log_line_prefix: '%m [%p] ',
  lc_messages: 'C',
  password_encryption: 'scram-sha-256',
  // Reached over the loopback only: a socket's path may be too long (107 bytes), or not ours.
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  wal_compression: 'on',
  // A client that vanished without a word is noticed.
  tcp_keepalives_idle: '60',
} as const;

/** Later lines win, so the user's settings (`given`) override ours, except what replication needs
 * (`fixed`); what the command line says (address, port) overrides all. */
export function configText(
  data: string,
  name: string,
  given: Readonly<Record<string, string>>,
  replication: {
    readonly changeable: Readonly<Record<string, string>>;
    readonly fixed: Readonly<Record<string, string>>;
  } = { changeable: {}, fixed: {} },
): string {
  const { changeable, fixed } = replication;
  const settings = { ...sensible, cluster_name: name, ...changeable, ...given, ...fixed };
  const lines = Object.entries(settings).map(
    ([key, value]) => `${settingName(key)} = ${quoted(value)}`,
  );
  return [
    '# Written by Daruma before each start. Change `settings:` in the stack file instead.',
    `include = ${quoted(join(data, 'postgresql.conf'))}`,
    ...lines,
    '',
  ].join('\n');
}

function settingName(name: string): string {
  if (/^[A-Za-z_][\w.]*$/.test(name)) return name;
  throw new DarumaError('STACK_INVALID', `${name} is no name of a PostgreSQL setting`);
}

function quoted(value: string): string {
  if (/[\n\r\0]/.test(value)) {
    throw new DarumaError('STACK_INVALID', 'a PostgreSQL setting must be one line');
  }
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
