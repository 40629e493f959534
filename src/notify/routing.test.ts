/** Who gets what, and what is held back: without a clock, without a network. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NotifyTarget, Severity } from '../model/notify-spec.ts';
import type { Notice } from '../ports/notifier.ts';
import { Book, emptyBook } from './book.ts';
import { summaryOf } from './summary.ts';

const noon = Date.UTC(2026, 0, 10, 12);
const night = Date.UTC(2026, 0, 10, 23);
const span = { fromMinute: 22 * 60, toMinute: 7 * 60, timeZone: 'UTC', holdCritical: false };

function target(more: Partial<NotifyTarget> = {}): NotifyTarget {
  const webhook = { kind: 'webhook', url: 'http://x/', format: 'json', headers: {} } as const;
  return { name: 'hook', minSeverity: 'warning', ...webhook, ...more } as NotifyTarget;
}

const severityOf: Readonly<Record<Notice['state'], Severity>> = {
  open: 'warning',
  'needs-person': 'critical',
  acknowledged: 'info',
  resolved: 'info',
};

function notice(state: Notice['state'], more: Partial<Notice> = {}): Notice {
  const severity = severityOf[state];
  const base = { kind: 'notify', unrecordedOk: true, incident: 'i1', title: 'it' } as const;
  return { ...base, severity, state, text: `${state} why`, services: ['api'], ...more };
}

/** What becomes of notices, one after the other. */
function verdicts(
  to: NotifyTarget,
  steps: readonly (readonly [Notice, number])[],
  book = new Book(emptyBook),
): string[] {
  return steps.map(([one, at]) => book.enter(to, 'shop', one, at).verdict);
}

describe('severity', () => {
  test('what is not severe enough is for nobody; who was told is told how it ends', () => {
    const critical = target({ minSeverity: 'critical' });
    assert.deepEqual(
      verdicts(critical, [
        [notice('open'), noon],
        [notice('needs-person'), noon],
        [notice('acknowledged'), noon],
        [notice('resolved'), noon],
      ]),
      ['drop', 'send', 'send', 'send'],
    );
    assert.deepEqual(
      verdicts(critical, [
        [notice('needs-person'), noon],
        [notice('resolved'), noon],
        [notice('open'), noon],
      ]),
      ['send', 'send', 'drop'],
      'one that came back is judged anew',
    );
  });

  test('Alertmanager is not told that somebody answered', () => {
    const alerts = { kind: 'alertmanager', url: '', headers: {}, labels: {} } as const;
    assert.deepEqual(
      verdicts({ name: 'am', minSeverity: 'info', ...alerts }, [
        [notice('needs-person'), noon],
        [notice('acknowledged'), noon],
        [notice('resolved'), noon],
      ]),
      ['send', 'drop', 'send'],
    );
  });
});

describe('services', () => {
  const db = target({ services: ['db'] });
  test('only what touches one of them', () => {
    assert.deepEqual(
      verdicts(db, [
        [notice('open', { services: ['api'] }), noon],
        [notice('needs-person', { services: ['api', 'db'] }), noon],
        [notice('resolved', { services: ['api', 'db'] }), noon],
        [notice('open', { incident: 'i2', services: ['db'] }), noon],
      ]),
      ['drop', 'send', 'send', 'send'],
    );
  });
  test('what is of no service is for everybody', () => {
    assert.deepEqual(verdicts(db, [[notice('open', { services: [] }), noon]]), ['send']);
  });
});

describe('quiet hours', () => {
  test('hold back what is not critical, and forget nothing of it', () => {
    const book = new Book(emptyBook);
    const to = target({ quietHours: [span] });
    const steps = [
      [notice('open'), night],
      [notice('open', { incident: 'i2' }), night],
      [notice('resolved'), night],
      [notice('open', { incident: 'i3' }), noon],
    ] as const;
    assert.deepEqual(verdicts(to, steps, book), ['hold', 'hold', 'hold', 'send']);
    assert.deepEqual(
      book.held.map((one) => [one.notice.incident, one.notice.state]),
      [
        ['i2', 'open'],
        ['i1', 'resolved'],
      ],
    );
    const kept = JSON.parse(JSON.stringify({ ...emptyBook, ...book.kept() }));
    const again = new Book(kept);
    assert.deepEqual(again.takeHeld(), book.held);
    assert.deepEqual(again.held, []);
    assert.deepEqual(verdicts(to, [[notice('resolved', { incident: 'i2' }), noon]], again), [
      'send',
    ]);
  });

  test('let through what is critical, and then how it goes on', () => {
    const book = new Book(emptyBook);
    const steps = [
      [notice('open'), night],
      [notice('needs-person'), night],
      [notice('acknowledged'), night],
      [notice('resolved'), night],
    ] as const;
    const to = target({ quietHours: [span] });
    assert.deepEqual(verdicts(to, steps, book), ['hold', 'send', 'send', 'send']);
    assert.deepEqual(book.held, [], 'it is not told once more in the summary');
  });

  test('hold back also what is critical, where that was said', () => {
    const to = target({ quietHours: [{ ...span, holdCritical: true }] });
    assert.deepEqual(verdicts(to, [[notice('needs-person'), night]]), ['hold']);
  });

  test('are several spans, each of which may let through or not', () => {
    const midday = { ...span, fromMinute: 11 * 60, toMinute: 13 * 60, holdCritical: true };
    const to = target({ quietHours: [span, midday] });
    const steps = [
      [notice('open'), noon],
      [notice('needs-person'), noon],
      [notice('needs-person'), night],
      [notice('acknowledged'), night],
      [notice('resolved'), noon],
    ] as const;
    assert.deepEqual(verdicts(to, steps), ['hold', 'hold', 'send', 'send', 'hold']);
  });
});

describe('a summary', () => {
  test('has a line for each incident, and the worst severity', () => {
    const book = new Book(emptyBook);
    const to = target({ quietHours: [{ ...span, holdCritical: true }] });
    const steps = [
      [notice('open', { title: 'api/1 crashed' }), night],
      [notice('needs-person', { incident: 'i2', title: 'db/1 hangs', services: ['db'] }), night],
      [notice('resolved', { title: 'api/1 crashed', text: 'recovered\nsoon' }), night + 1000],
    ] as const;
    verdicts(to, steps, book);
    assert.deepEqual(summaryOf(book.takeHeld()), {
      ...{ incident: 'summary', state: 'summary', severity: 'critical' },
      title: '2 incidents in quiet hours, 1 not resolved',
      text:
        '2026-01-10T23:00:00.000Z db/1 hangs (i2): needs a person; needs-person why\n' +
        '2026-01-10T23:00:01.000Z api/1 crashed (i1, update 1): resolved; recovered soon',
      services: ['db', 'api'],
    });
  });

  test('names fifty, and how many more there are', () => {
    const book = new Book(emptyBook);
    const to = target({ quietHours: [span] });
    for (let number = 1; number <= 60; number += 1) {
      verdicts(to, [[notice('open', { incident: `i${number}` }), night]], book);
    }
    const { title, text } = summaryOf(book.takeHeld());
    assert.equal(title, '60 incidents in quiet hours, 60 not resolved');
    assert.equal(text.split('\n').length, 51);
    assert.match(text, /\nand 10 more$/);
  });
});
