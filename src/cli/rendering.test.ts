import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recordText } from '../model/record-text.ts';
import type { StackSpec } from '../model/stack-spec.ts';
import type { IncidentView, InstanceView, StackView } from '../model/view.ts';
import type { DrillResult } from './drill-run.ts';
import { drillText } from './drill-text.ts';
import { explainText, incidentTable } from './explain-text.ts';
import { LiveView } from './live-view.ts';
import { coloured, plain } from './paint.ts';
import { endpointLines, groupNotes, isSettled, stackHeadline, stackTable } from './stack-text.ts';
import { cell, cut, displayWidth, table } from './table.ts';
import { clockText, dateText, durationText } from './time-text.ts';

const noon = new Date(2026, 0, 31, 12, 0, 0, 5).getTime();

function instance(over: Partial<InstanceView>): InstanceView {
  return {
    id: 'api/1',
    phase: 'ready',
    pid: 11,
    port: 40_001,
    startedAt: noon,
    restarts: 0,
    routed: 'serving',
    note: '',
    needsPerson: false,
    ...over,
  };
}

const view: StackView = {
  name: 'shop',
  file: '/srv/shop/daruma.yaml',
  mode: 'act',
  at: noon + 65_000,
  seq: 9,
  state: 'running',
  storeWritable: true,
  openIncidents: ['i1'],
  services: [
    {
      name: 'api',
      driver: 'process',
      mode: 'act',
      wanted: 'up',
      dependsOn: [],
      endpoint: '127.0.0.1:8080',
      instances: [
        instance({}),
        instance({ id: 'api/2', phase: 'unhealthy', routed: 'out', restarts: 2, note: 'it hangs' }),
      ],
    },
    {
      name: 'job',
      driver: 'process',
      mode: 'observe',
      wanted: 'up',
      dependsOn: [],
      endpoint: null,
      instances: [instance({ id: 'job/1', phase: 'held', pid: null, port: null, startedAt: null })],
    },
  ],
};

const incident: IncidentView = {
  id: 'i1',
  state: 'resolved',
  onset: noon,
  detected: noon + 100,
  located: noon + 110,
  acted: noon + 150,
  recovered: noon + 2_150,
  resolved: noon + 12_150,
  symptoms: [
    {
      id: 'api/2#health',
      component: 'api/2',
      kind: 'health-timeout',
      name: 'health',
      began: noon,
      evidence: 'health check timed out 3×',
      faults: [],
      ended: noon + 2_150,
    },
  ],
  causes: [
    {
      component: 'api/2',
      fault: 'hang',
      probability: 0.94,
      evidence: [
        { symptom: 'api/2#health', text: 'health check timed out 3×', supports: true, bits: 4 },
        { symptom: null, text: 'it logs errors', supports: false, bits: -1 },
      ],
    },
  ],
  unsure: false,
  actions: [
    {
      action: 'a7',
      kind: 'restart',
      target: 'api/2',
      name: null,
      reason: 'restart api/2: it hangs',
      wouldOnly: false,
      considered: [{ kind: 'ask-person', target: 'api/2', why: 'slower' }],
      begun: noon + 150,
      done: noon + 1_150,
      outcome: 'verified',
      error: null,
    },
  ],
  component: 'api/2',
  summary: 'restarted api/2',
};

describe('times', () => {
  const durations: readonly (readonly [number, string])[] = [
    [0, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [1_234, '1.2 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min'],
    [123_000, '2 min 3 s'],
    [3_600_000 * 3 + 720_000, '3 h 12 min'],
    [3_600_000 * 98, '4 d 2 h'],
  ];
  for (const [ms, text] of durations) {
    test(`${ms} → ${text}`, () => assert.equal(durationText(ms), text));
  }
  test('local time', () => {
    assert.equal(clockText(noon), '12:00:00.005');
    assert.equal(dateText(noon), '2026-01-31 12:00:00');
  });
});

describe('tables', () => {
  test('columns are as wide as their widest cell, also of wide characters', () => {
    const rows = [
      [cell('错误'), cell('a')],
      [cell('abc'), cell(null)],
    ];
    assert.deepEqual(table(['H', 'I'], rows, { paint: plain }), ['H     I', '错误  a', 'abc   –']);
  });
  test('cut', () => {
    assert.equal(cut('abcdef', 4), 'abc…');
    assert.equal(cut('错误错误', 5), '错误…');
    assert.equal(cut('abc', 3), 'abc');
    assert.equal(displayWidth('🦊a'), 3);
  });
});

test('the stack as a table', () => {
  assert.equal(stackHeadline(view), 'shop is running: 1 of 3 instances ready, 1 open incident');
  assert.deepEqual(stackTable(view, plain), [
    'INSTANCE  PHASE      PID  PORT   UP         RESTARTS  ENDPOINT        NOTE',
    'api/1     ready      11   40001  1 min 5 s  0         127.0.0.1:8080',
    'api/2     unhealthy  11   40001  1 min 5 s  2         out             it hangs',
    'job/1     held       –    –      –          0         –               (observed)',
  ]);
  assert.ok(stackTable(view, coloured)[1]?.includes('\u001b[32mready\u001b[39m      11'));
});

test('whom the address for reading leads to', () => {
  const [api] = view.services;
  assert.ok(api);
  const instances = [instance({}), instance({ id: 'api/2', routed: 'out', reads: true })];
  const services = [{ ...api, endpointRead: '127.0.0.1:8081', instances }];
  assert.deepEqual(
    stackTable({ ...view, services }, plain).map((line) => line.slice(50).trim()),
    ['ENDPOINT               NOTE', '127.0.0.1:8080', '127.0.0.1:8081 (read)'],
  );
});

test('the live view fits the terminal and keeps the latest sentences', () => {
  const written: string[] = [];
  const out = { write: (text: string) => written.push(text), columns: 41, rows: 12 };
  const live = new LiveView(out, plain);
  for (let index = 1; index <= 9; index += 1) live.tell(`sentence ${index}`);
  const frame = live.frame(view, 'Ctrl-C: down');
  assert.ok(frame.length < 12);
  assert.ok(frame.every((line) => displayWidth(line) <= 40));
  assert.deepEqual(frame.slice(-4), ['sentence 7', 'sentence 8', 'sentence 9', 'Ctrl-C: down']);
  live.draw(view, '');
  live.draw(view, '');
  assert.ok(written[1]?.startsWith(`\u001b[${frame.length}A\u001b[0J`));
});

test('an address is never cut: the terminal wraps its line, which counts as several', () => {
  const written: string[] = [];
  const out = { write: (text: string) => written.push(text), columns: 41, rows: 14 };
  const live = new LiveView(out, plain);
  const link = `once: http://127.0.0.1:7070/setup#${'x'.repeat(60)}`;
  for (const sentence of ['1', '2', '3', '4', '5', '6', link]) live.tell(sentence);
  const frame = live.frame(view, 'Ctrl-C: down');
  assert.equal(frame.at(-2), link);
  live.draw(view, '');
  live.draw(view, '');
  assert.ok(written[1]?.startsWith(`\u001b[${frame.length + 2}A\u001b[0J`));
});

test('an incident, explained', () => {
  assert.deepEqual(explainText(incident, plain), [
    'Incident i1, resolved, since 2026-01-31 12:00:00',
    'restarted api/2',
    '',
    'Seen',
    '  12:00:00.005  api/2: health check timed out 3×, until 12:00:02.155',
    '',
    'Causes',
    '  ███████████████████░ 0.94  api/2: hang (by default table)',
    '    + health check timed out 3×',
    '    − it logs errors',
    '',
    'Done',
    '  12:00:00.155  restart api/2 (took 1.0 s): verified',
    '    because: restart api/2: it hangs',
    '    did not ask a person about it: slower',
    '',
    'Time',
    '  noticed    +100 ms     100 ms since onset',
    '  located    +10 ms      110 ms since onset',
    '  acted      +40 ms      150 ms since onset',
    '  recovered  +2.0 s      2.1 s since onset',
    '  verified   +10.0 s     12.2 s since onset',
  ]);
  assert.equal(
    incidentTable([incident], plain)[1],
    'i1        resolved  2026-01-31 12:00:00  api/2   2.1 s         restarted api/2',
  );
});

test('of an incident that came back, each time is told apart', () => {
  const [returned, recovered] = [noon + 300_000, noon + 301_500];
  const back = { ...incident, returned, recovered, resolved: recovered + 10_000 };
  const text = explainText(back, plain);
  assert.deepEqual(text.slice(text.indexOf('Time') + 1), [
    '  noticed    +100 ms     100 ms since onset',
    '  located    +10 ms      110 ms since onset',
    '  acted      +40 ms      150 ms since onset',
    '  came back  +5 min      5 min since onset',
    '  recovered  +1.5 s      1.5 s since it came back',
    '  verified   +10.0 s     11.5 s since it came back',
  ]);
  assert.match(incidentTable([back], plain)[1] ?? '', /api\/2 {3}1\.5 s/);
});

describe('a service with failover', () => {
  const [api, job] = view.services;
  const group = {
    epoch: 3,
    primary: 'api/2',
    eligible: ['api/1'],
    stage: 'waiting',
    note: 'F3: no standby is known to have every acknowledged write',
  } as const;
  const instances = [
    instance({ role: 'standby' }),
    instance({ id: 'api/2', role: 'primary' }),
    instance({ id: 'api/3', role: 'standby' }),
  ];
  const shown = { ...view, services: [{ ...api, group, instances }, job] } as StackView;

  test('role, epoch and who is eligible', () => {
    const roles = stackTable(shown, plain).map((line) => line.slice(17, 26).trim());
    assert.deepEqual(roles, ['ROLE', 'eligible', 'primary 3', 'standby', '–']);
    assert.deepEqual(groupNotes(shown), [`api: ${group.note}`]);
    assert.deepEqual(groupNotes(view), []);
  });

  test('a cold standby is as it is to be', () => {
    const cold = instance({ id: 'api/3', phase: 'held', pid: null, spare: true });
    assert.equal(isSettled(cold), true);
    assert.equal(isSettled({ ...cold, needsPerson: true }), false);
    assert.equal(isSettled(instance({ phase: 'held', pid: null })), false);
  });

  test('where it is read from', () => {
    const endpointRead = { host: '127.0.0.1', port: 8081 };
    const spec = { services: [{ name: 'api', endpointRead }] } as unknown as StackSpec;
    assert.deepEqual(endpointLines(shown, spec), [
      '  api         127.0.0.1:8080',
      '  api (read)  127.0.0.1:8081',
    ]);
  });

  test('its records', () => {
    const step = {
      at: 1,
      kind: 'role-step',
      service: 'db',
      instance: 'db/1',
      action: 'a1',
    } as const;
    const begun = { ...step, epoch: 1, state: 'begun', error: null } as const;
    assert.equal(recordText({ ...begun, step: 'fence' }), 'db/1 is being fenced');
    assert.equal(
      recordText({ ...begun, step: 'quiesce' }),
      'new connections to db wait until transactions have ended',
    );
    assert.equal(recordText({ ...begun, step: 'survey' }), null);
    assert.equal(recordText({ ...begun, step: 'fence', state: 'done' }), null);
    const error = { code: 'TIMED_OUT', message: 'not done within 5 s' };
    assert.equal(
      recordText({ ...begun, step: 'admit', state: 'failed', error }),
      'db/1: admit failed: not done within 5 s',
    );
  });
});

test('records as sentences; bookkeeping has none', () => {
  const exit = { code: 3, signal: null, known: true, oom: false, lastLines: ['no config'] };
  const exited = { at: 1, kind: 'instance-exited', instance: 'api/1', exit } as const;
  assert.equal(
    recordText({ ...exited, expected: false }),
    'api/1 exited with code 3; last output: no config',
  );
  assert.equal(recordText({ ...exited, expected: true }), 'api/1 exited with code 3');
  assert.equal(recordText({ at: 1, kind: 'looking' }), null);
});

test('what is said of a person needed, and of an exit, is said once', () => {
  const reason = 'api/1 needs a person: it crashed';
  const held = { at: 1, kind: 'instance-held', instance: 'api/1', until: null } as const;
  assert.equal(recordText({ ...held, reason, waitsFor: 'person' }), null);
  assert.equal(recordText({ ...held, reason: 'waits for db' }), 'api/1 waits for db');
  const exit = { id: 'api/1#exit', component: 'api/1', kind: 'exit', name: 'exit' } as const;
  const symptom = { ...exit, began: 1, evidence: 'exited with code 3', faults: [] };
  assert.equal(recordText({ at: 1, kind: 'symptom-began', symptom }), null);
  const needy = instance({ phase: 'held', note: reason, needsPerson: true });
  const services = view.services.slice(0, 1).map((one) => ({ ...one, instances: [needy] }));
  assert.match(stackTable({ ...view, services }, plain)[1] ?? '', / {2}it crashed$/);
});

test('a drill, told', () => {
  const result: DrillResult = {
    fault: 'hang',
    target: 'api/2',
    end: 'recovered',
    detectedMs: 1_100,
    locatedMs: 1_105,
    actedMs: 1_110,
    recoveredMs: 1_600,
    verifiedMs: 11_600,
    blamed: { component: 'api/2', right: true },
    incident: 'i1',
    summary: 'restart api/2: it hangs',
    load: { sent: 500, failed: 2, failedForMs: 400, slowestMs: 30 },
  };
  assert.deepEqual(drillText(result, plain, 'daruma'), [
    'drill hang api/2: recovered',
    '  detected after   1.1 s',
    '  located after    1.1 s',
    '  acted after      1.1 s',
    '  recovered after  1.6 s',
    '  verified after   11.6 s',
    '  requests         500 sent, 2 failed, all within 400 ms',
    '  restart api/2: it hangs',
    '  more: daruma explain i1',
  ]);
});
