/**
 * One mail by SMTP. A connection is made for each: there are few, and one that was kept would have
 * to be watched.
 *
 * 1. With `starttls` and `tls` nothing of the mail or the password goes out before the server has
 *    shown a certificate that is good for its name.
 * 2. The connection is closed when the attempt is over, however it ends.
 */
import { readFile } from 'node:fs/promises';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import { errorInfo } from '../model/errors.ts';
import type { EmailTarget } from '../model/notify-spec.ts';
import { excerpt } from './answer.ts';
import { headline, type Letter, type Message, stateText } from './body.ts';
import { type Failure, failure } from './failure.ts';
import { withoutSecrets } from './secret-url.ts';
import type { Limits, Sending } from './sending.ts';

/** Null: the server took it for all who are to get it. */
export async function sendEmail(
  sending: Sending,
  target: EmailTarget,
  letter: Letter,
  limits: Limits,
): Promise<Failure | null> {
  const { login } = target;
  const password = login === null ? '' : await sending.secret(login.password, 'the password');
  const message = await mailOf(target, letter, sending.host);
  const connection = await connectionOf(target, limits);
  try {
    const work = converse(connection, target, password, message);
    const refused = await withLimits(sending, work, limits);
    connection.quit();
    return refused.length === 0 ? null : failure(`refused for ${refused.join(', ')}`, false);
  } catch (error) {
    connection.close();
    return failed(error, password);
  }
}

/** Loaded when there is mail to be sent, and not before. */
async function connectionOf(target: EmailTarget, { timeoutMs }: Limits): Promise<SMTPConnection> {
  const { default: Connection } = await import('nodemailer/lib/smtp-connection');
  const ca = target.caFile === null ? {} : { ca: await readFile(target.caFile) };
  return new Connection({
    host: target.host,
    port: target.port,
    secure: target.security === 'tls',
    requireTLS: target.security === 'starttls',
    ignoreTLS: target.security === 'none',
    // Ours is sooner; these are for what comes after it, such as the answer to QUIT.
    connectionTimeout: 2 * timeoutMs,
    greetingTimeout: 2 * timeoutMs,
    socketTimeout: 2 * timeoutMs,
    tls: { ...ca, minVersion: 'TLSv1.2' },
  });
}

/** Resolves with the addresses that the server doesn't take mail for, while it took others. */
function converse(
  connection: SMTPConnection,
  { login, from, to }: EmailTarget,
  password: string,
  message: Buffer,
): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const step = (next: () => void) => (error?: Error | null) => (error ? reject(error) : next());
    const send = () => {
      connection.send({ from, to: [...to] }, message, (error, info) => {
        if (error) reject(error);
        else resolve(info.rejected.map(String));
      });
    };
    const begin =
      login === null
        ? send
        : () => connection.login({ user: login.user, pass: password }, step(send));
    // It stays: an error that comes later, or unasked, must not end the process.
    connection.on('error', reject);
    connection.once('end', () => reject(new Error('the connection was closed')));
    connection.connect(step(begin));
  });
}

function withLimits<T>(
  { clock }: Sending,
  work: Promise<T>,
  { timeoutMs, signal }: Limits,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error('was ended with Daruma'));
    const late = () => reject(new Error(`not done within ${timeoutMs} ms`));
    const cancel = clock.after(timeoutMs, late);
    signal.addEventListener('abort', abort);
    work.then(resolve, reject).finally(() => {
      cancel();
      signal.removeEventListener('abort', abort);
    });
  });
}

function failed(error: unknown, password: string): Failure {
  const code = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : 0;
  // No TLS to be had, or a certificate that is not good: sending again changes nothing.
  const insecure = error instanceof Error && 'code' in error && error.code === 'ETLS';
  const secrets = [password, Buffer.from(password).toString('base64')].filter((one) => one !== '');
  const reason = withoutSecrets(errorInfo(error).message, secrets);
  return failure(excerpt(reason).slice(2), code < 500 && !insecure);
}

async function mailOf(target: EmailTarget, letter: Letter, host: string): Promise<Buffer> {
  const { default: Composer } = await import('nodemailer/lib/mail-composer');
  const { stack, notice, update, at } = letter;
  const place = `${stack}@${host.replaceAll(/[^\w.-]/g, '-')}`;
  const first = `<daruma.${notice.incident}.${letter.since}.${place}>`;
  const own = `<daruma.${notice.incident}.${letter.since}.${update}.${place}>`;
  const composer = new Composer({
    from: target.from,
    to: [...target.to],
    subject: `[${stack}] ${stateText(notice.state)}: ${headline(notice, 0)}`,
    date: new Date(at),
    ...(update === 0 ? { messageId: first } : { messageId: own, references: first }),
    headers: { 'Auto-Submitted': 'auto-generated' },
    text: textOf(letter, notice),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

function textOf({ stack, update, at }: Letter, notice: Message): string {
  const { services = [] } = notice;
  const rows = [
    ['stack', stack],
    ['severity', notice.severity],
    ['state', stateText(notice.state)],
    ['services', services.join(', ')],
    ['at', new Date(at).toISOString()],
  ].filter(([, value]) => value !== '');
  const facts = rows.map(([name, value]) => `${name}: ${value}`).join('\n');
  return `${headline(notice, update)}\n\n${notice.text}\n\n${facts}\n`;
}
