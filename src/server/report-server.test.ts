import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { openStateDir } from '../controller/state-dir.ts';
import type { ErrorReport } from '../model/error-record.ts';
import { layout } from '../model/layout.ts';
import type { StackView } from '../model/view.ts';
import type { ControllerApi } from '../ports/controller-api.ts';
import { reportAccess } from './report-access.ts';
import { ReportDoor, removeReportSocket } from './report-door.ts';
import { buildReportServer, startReportServer } from './report-server.ts';

const stateDir = mkdtempSync(`${tmpdir()}/daruma-report-`);
after(() => rmSync(stateDir, { recursive: true, force: true }));
const log = () => undefined;
const stackId = await openStateDir(stateDir, { name: 'shop', file: '/srv/daruma.yaml' });
const access = reportAccess(layout(stateDir), stackId, log);

function build() {
  const reports: ErrorReport[] = [];
  const services = [{ name: 'api', instances: [{ id: 'api/1' }] }];
  const api = {
    view: () => ({ at: 7, services }) as unknown as StackView,
    reportError: (report: ErrorReport) => reports.push(report),
  } as unknown as ControllerApi;
  const options = { api, host: 'alpha', log, access };
  return { reports, options, server: buildReportServer(options) };
}

const body = { code: 'E42', message: 'no price', service: 'db', instance: 'db/1' };

test('the token says who reports, whatever the report says', async () => {
  const { reports, server } = build();
  const headers = { authorization: `Bearer ${access.tokenOf('api/1')}` };
  const answer = await server.inject({ method: 'POST', url: '/v1/errors', headers, body });
  assert.equal(answer.statusCode, 202);
  const origin = { service: 'api', instance: 'api/1', host: 'alpha' };
  const expected = { at: 7, code: 'E42', message: 'no price', origin, source: 'application' };
  assert.deepEqual(reports, [expected]);
});

test('without the token of an instance of the stack nothing is taken', async () => {
  const token = access.tokenOf('api/1');
  const wrong: readonly (readonly [string | undefined, number])[] = [
    [undefined, 401],
    ['Bearer', 401],
    [`Basic ${token}`, 401],
    [`Bearer ${token.slice(0, -1)}`, 401],
    [`Bearer ${token.replace('api/1', 'api/2')}`, 401],
    ['Bearer api/1.', 401],
    ['Bearer .', 401],
    [`Bearer ${access.tokenOf('gone/1')}`, 404],
  ];
  for (const [authorization, status] of wrong) {
    const { reports, server } = build();
    const headers = authorization === undefined ? {} : { authorization };
    const answer = await server.inject({ method: 'POST', url: '/v1/errors', headers, body });
    assert.deepEqual([answer.statusCode, reports], [status, []], String(authorization));
  }
});

test('it offers nothing else', async () => {
  const { server } = build();
  const headers = { authorization: `Bearer ${access.tokenOf('api/1')}` };
  for (const [method, url] of [
    ['GET', '/v1/errors'],
    ['GET', '/v1/stack'],
    ['GET', '/v1/configuration'],
    ['POST', '/v1/requests'],
    ['POST', '/v1/drill'],
  ] as const) {
    assert.equal((await server.inject({ method, url, headers })).statusCode, 404, url);
  }
});

test('another controller of the stack knows the same tokens, another stack does not', async () => {
  const token = access.tokenOf('api/1');
  assert.equal(reportAccess(layout(stateDir), stackId, log).reporter(token), 'api/1');
  assert.equal(statSync(`${stateDir}/secrets/report.key`).mode & 0o777, 0o600);
  const other = `${stateDir}/other`;
  const otherId = await openStateDir(other, { name: 'other', file: '/srv/other.yaml' });
  assert.equal(reportAccess(layout(other), otherId, log).reporter(token), null);
});

function post(token: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const where = { socketPath: access.socket, path: '/v1/errors', agent: false };
    const asking = request({ ...where, method: 'POST', headers }, (answer) =>
      resolve(answer.resume().statusCode),
    );
    asking.on('error', reject);
    asking.end(JSON.stringify(body));
  });
}

test('who reports before the server is loaded is answered once it is', async (t) => {
  const { reports, options } = build();
  const door = new ReportDoor();
  t.after(() => removeReportSocket(access));
  await door.open(access, assert.fail);
  const token = access.tokenOf('api/1');
  const early = [post(token), post(token), post('none')];
  // Until they have called.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const server = await startReportServer(options, door);
  assert.deepEqual(await Promise.all(early), [202, 202, 401]);
  assert.equal(await post(token), 202);
  assert.equal(reports.length, 3);
  await server.close();
  door.close();
  await assert.rejects(post(token), { code: /ENOENT|ECONNREFUSED/ });
});

test('who waits when it ends is cut off', async (t) => {
  const door = new ReportDoor();
  t.after(() => removeReportSocket(access));
  await door.open(access, assert.fail);
  const early = post(access.tokenOf('api/1'));
  early.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
  door.close();
  await assert.rejects(early, { code: 'ECONNRESET' });
  assert.equal(existsSync(access.socket), false);
});
