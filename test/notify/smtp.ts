/** A real SMTP server that keeps what it gets. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { EmailTarget, NotifyTarget } from '../../src/model/notify-spec.ts';
import { atEnd } from '../at-end.ts';

export const password = 'hunter2 "pa$$" é';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | null;
  readonly secure: boolean;
  readonly raw: string;
}

export interface MailServer {
  readonly port: number;
  readonly mails: Mail[];
  /** Logins that were tried. */
  readonly logins: string[];
  /** PEM file of the certificate that it shows, which is good for `localhost`. */
  readonly caFile: string;
  /** Holds the password. */
  readonly passwordFile: string;
}

function certificate(directory: string, name: string) {
  const [cert, key] = [join(directory, `${name}.pem`), join(directory, `${name}.key`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const args = ['req', '-x509', ...made, '-keyout', key, '-out', cert, '-days', '2', ...subject];
  execFileSync('openssl', args, { stdio: 'ignore' });
  return { cert, key };
}

export async function mailServer(
  t: TestContext,
  options: SMTPServerOptions = {},
  name = 'localhost',
): Promise<MailServer> {
  const directory = mkdtempSync(join(tmpdir(), 'daruma-smtp-'));
  atEnd(t, () => rmSync(directory, { recursive: true }));
  const { cert, key } = certificate(directory, name);
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, `${password}\n`);
  const mails: Mail[] = [];
  const logins: string[] = [];
  const server = new SMTPServer({
    ...{ cert: readFileSync(cert), key: readFileSync(key), logger: false },
    onAuth: (auth, _session, callback) => {
      logins.push(`${auth.username}`);
      const right = auth.username === 'daruma' && auth.password === password;
      if (right) callback(null, { user: 'daruma' });
      else callback(Object.assign(new Error(`no ${auth.password} here`), { responseCode: 535 }));
    },
    onData: (stream, session, callback) => {
      const { mailFrom, rcptTo } = session.envelope;
      text(stream).then((raw) => {
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          user: typeof session.user === 'string' ? session.user : null,
          secure: session.secure,
          raw,
        });
        callback();
      }, callback);
    },
    ...options,
  });
  // Clients that turn away in the middle of a handshake are no failure of ours.
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  atEnd(t, () => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = listening.address() as AddressInfo;
  return { port, mails, logins, caFile: cert, passwordFile };
}

export function email(server: MailServer, more: Partial<EmailTarget> = {}): NotifyTarget {
  const login = { user: 'daruma', password: { from: 'file', path: server.passwordFile } } as const;
  return {
    ...{ kind: 'email', name: 'ops', minSeverity: 'info', host: 'localhost', port: server.port },
    ...{ security: 'starttls', caFile: server.caFile, login, from: 'daruma@example.org' },
    ...{ to: ['ops@example.org'], ...more },
  };
}

/** The value of a header, unfolded. */
export function header({ raw }: Mail, name: string): string | undefined {
  const [head = ''] = raw.split('\r\n\r\n');
  const lines = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  const line = lines.find((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim();
}
