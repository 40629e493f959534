/** Mail, by a real SMTP server. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { notice, notifier, until } from './receiver.ts';
import { email, header, mailServer, password } from './smtp.ts';

async function oneReport(t: TestContext, target: ReturnType<typeof email>): Promise<string> {
  const { notifier: sender, reports } = notifier(t, [target], { timing: { deadlineMs: 100 } });
  sender.notify(notice('it'));
  await until(() => reports.length > 0, 'the report');
  assert.doesNotMatch(JSON.stringify(reports), /hunter2/);
  assert.ok(!JSON.stringify(reports).includes(Buffer.from(password).toString('base64')));
  return reports[0]?.message ?? '';
}

describe('mail', () => {
  test('goes out after STARTTLS and login; updates belong to the first', async (t) => {
    const server = await mailServer(t);
    const target = email(server, { to: ['ops@example.org', 'dev@example.org'] });
    const { notifier: sender, reports } = notifier(t, [target]);
    sender.notify(notice('api/1 crashed', { text: 'restart api/1: 错误', services: ['api'] }));
    await until(() => server.mails.length === 1, 'the first');
    sender.notify(notice('api/1 crashed', { state: 'resolved', severity: 'info' }));
    await until(() => server.mails.length === 2, 'the second');
    await sender.close();
    const [first, second] = server.mails;
    assert.ok(first !== undefined && second !== undefined);
    const { from, to, user, secure } = first;
    assert.deepEqual(
      { from, to, user, secure },
      {
        ...{ from: 'daruma@example.org', user: 'daruma', secure: true },
        to: ['ops@example.org', 'dev@example.org'],
      },
    );
    assert.equal(header(first, 'subject'), '[accounts] open: api/1 crashed (i1)');
    assert.equal(header(first, 'auto-submitted'), 'auto-generated');
    assert.equal(header(second, 'subject'), '[accounts] resolved: api/1 crashed (i1)');
    assert.equal(header(second, 'references'), header(first, 'message-id'));
    assert.notEqual(header(second, 'message-id'), header(first, 'message-id'));
    const body = first.raw.slice(first.raw.indexOf('\r\n\r\n') + 4);
    const encoding = header(first, 'content-transfer-encoding');
    const plain = encoding === 'base64' ? Buffer.from(body, 'base64').toString() : unquoted(body);
    assert.match(plain, /^api\/1 crashed \(i1\)\r?\n\r?\nrestart api\/1: 错误\r?\n/);
    assert.match(plain, /services: api\r?\n/);
    assert.deepEqual(reports, []);
  });

  test('goes out over TLS from the first byte', async (t) => {
    const server = await mailServer(t, { secure: true });
    const { notifier: sender } = notifier(t, [email(server, { security: 'tls' })]);
    sender.notify(notice('it'));
    await until(() => server.mails.length === 1, 'the mail');
    assert.deepEqual([server.mails[0]?.secure, server.mails[0]?.user], [true, 'daruma']);
  });

  test('goes out in the clear without a login, where that is said', async (t) => {
    const server = await mailServer(t, { authOptional: true, hideSTARTTLS: true });
    const target = email(server, { security: 'none', login: null, caFile: null });
    const { notifier: sender } = notifier(t, [target]);
    sender.notify(notice('it'));
    await until(() => server.mails.length === 1, 'the mail');
    assert.deepEqual([server.mails[0]?.secure, server.mails[0]?.user], [false, null]);
  });

  test('that is deferred goes out later', async (t) => {
    let asked = 0;
    const server = await mailServer(t, {
      onRcptTo: (_address, _session, callback) => {
        asked += 1;
        const later = Object.assign(new Error('greylisted'), { responseCode: 451 });
        callback(asked < 3 ? later : null);
      },
    });
    const { notifier: sender, reports } = notifier(t, [email(server)]);
    sender.notify(notice('it'));
    await until(() => server.mails.length === 1, 'the mail');
    await sender.close();
    assert.deepEqual([asked, reports], [3, []]);
  });

  test('gets no header, and no one else, out of a message', async (t) => {
    const server = await mailServer(t);
    const { notifier: sender } = notifier(t, [email(server)]);
    const title = 'it\r\nBcc: eve@example.org\r\n\r\nbody\u0000';
    sender.notify(notice(title, { text: '.\r\n.\r\nQUIT\r\n' }));
    await until(() => server.mails.length === 1, 'the mail');
    const [mail] = server.mails;
    assert.ok(mail !== undefined);
    assert.deepEqual(mail.to, ['ops@example.org']);
    assert.equal(header(mail, 'bcc'), undefined);
    assert.match(unquoted(mail.raw), /QUIT/);
  });
});

describe('not a word is said', () => {
  test('to a server without STARTTLS', async (t) => {
    const server = await mailServer(t, { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] });
    assert.match(await oneReport(t, email(server)), /to ops \(ops@example.org by localhost:\d+\)/);
    assert.deepEqual([server.mails, server.logins], [[], []]);
  });

  for (const security of ['starttls', 'tls'] as const) {
    test(`to one whose certificate is another's (${security})`, async (t) => {
      const server = await mailServer(t, { secure: security === 'tls' }, 'elsewhere');
      assert.match(await oneReport(t, email(server, { security })), /altnames|Host/i);
      assert.deepEqual([server.mails, server.logins], [[], []]);
    });

    test(`to one whose certificate nobody vouches for (${security})`, async (t) => {
      const server = await mailServer(t, { secure: security === 'tls' });
      const report = await oneReport(t, email(server, { security, caFile: null }));
      assert.match(report, /self-signed/);
      assert.deepEqual([server.mails, server.logins], [[], []]);
    });
  }
});

describe('what fails is told without the password', () => {
  test('a wrong login, which is not tried again', async (t) => {
    const server = await mailServer(t);
    const login = { user: 'eve', password: { from: 'file', path: server.passwordFile } } as const;
    const report = await oneReport(t, email(server, { login }));
    assert.match(report, /was not delivered: .*535 no … here$/);
    assert.deepEqual(server.logins, ['eve']);
  });

  test('a password that is not there', async (t) => {
    const server = await mailServer(t);
    const login = { user: 'daruma', password: { from: 'environment', name: 'NONE' } } as const;
    const report = await oneReport(t, email(server, { login }));
    assert.match(report, /was not delivered: the password: NONE isn't set/);
  });

  test('one of two addresses that is refused: the other one gets it once', async (t) => {
    const server = await mailServer(t, {
      onRcptTo: ({ address }, _session, callback) => {
        const unknown = Object.assign(new Error('unknown'), { responseCode: 550 });
        callback(address.startsWith('nobody') ? unknown : null);
      },
    });
    const to = ['nobody@example.org', 'ops@example.org'];
    assert.match(await oneReport(t, email(server, { to })), /refused for nobody@example.org$/);
    assert.deepEqual(
      server.mails.map((mail) => mail.to),
      [['ops@example.org']],
    );
  });

  test('a silent server: the attempt is over in time, and the connection closed', async (t) => {
    let open = 0;
    const server = await mailServer(t, {
      onConnect: () => {
        open += 1;
      },
      onClose: () => {
        open -= 1;
      },
    });
    const { notifier: sender, reports } = notifier(t, [email(server)], {
      timing: { attemptTimeoutMs: 300, deadlineMs: 1 },
    });
    sender.notify(notice('it'));
    await until(() => reports.length > 0, 'the report');
    assert.match(reports[0]?.message ?? '', /not done within 300 ms$/);
    await until(() => open === 0, 'the end of the connection');
  });
});

/** Of quoted-printable. */
function unquoted(text: string): string {
  const bytes = text
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number(`0x${hex}`)));
  return Buffer.from(bytes, 'latin1').toString();
}
