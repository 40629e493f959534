/** For each rule F: an engine that breaks it on purpose is found out by its checker. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apply } from '../../src/engine/apply.ts';
import { type EngineState, step } from '../../src/engine/index.ts';
import type { Command } from '../../src/model/command.ts';
import type { ActionId, InstanceId, ServiceName } from '../../src/model/ids.ts';
import type { LogRecord, RecordBody } from '../../src/model/record.ts';
import { makeCase } from '../../src/sim/make-case.ts';
import { runCase } from '../../src/sim/run.ts';
import type { Violation } from '../../src/sim/scene.ts';

type Step = typeof step;
type Result = ReturnType<Step>;
type Of<K extends LogRecord['kind']> = Extract<LogRecord, { readonly kind: K }>;

function broken(change: (state: EngineState, result: Result) => void): Step {
  return (state, event) => {
    const result = step(state, event);
    change(state, result);
    return result;
  };
}

/** Adds a record as the engine would, so that the log stays the state. */
function add(state: EngineState, result: Result, body: RecordBody): void {
  const record: LogRecord = { at: state.at, ...body };
  result.records.push(record);
  apply(state, record);
}

function recorded<K extends LogRecord['kind']>({ records }: Result, kind: K): Of<K> | undefined {
  return records.find((record): record is Of<K> => record.kind === kind);
}

/** What is objected to in the first seeds. */
async function complaints(change: Step, seeds = 25): Promise<Violation[]> {
  const found: Violation[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { violations } = await runCase(makeCase(`g${seed}`), { step: change });
    found.push(...violations);
  }
  return found;
}

async function objections(change: Step, seeds?: number): Promise<Set<string>> {
  return new Set((await complaints(change, seeds)).map(({ checker }) => checker));
}

/** An engine that does wrong where the next controller finds a fence begun. */
function afterRestart(wrong: (state: EngineState, result: Result, begun: Begun) => void): Step {
  return (state, event) => {
    const result = step(state, event);
    if (event.kind !== 'looked') return result;
    for (const [service, { group }] of Object.entries(state.services)) {
      const change = group?.change ?? null;
      const isBegun = change !== null && group?.steps[`fence ${change.from}`]?.state === 'begun';
      if (isBegun) wrong(state, result, { service, ...change });
    }
    return result;
  };
}

interface Begun {
  readonly service: ServiceName;
  readonly from: InstanceId;
  readonly action: ActionId;
}

describe('an engine is found out that breaks', () => {
  test('F1: at most one primary takes writes', async () => {
    // A standby that was just admitted is told to be primary too.
    const twice = broken((_, result) => {
      const changed = recorded(result, 'eligible-changed');
      const [other] = changed?.eligible ?? [];
      if (changed === undefined || other === undefined) return;
      const { epoch } = changed;
      const order = { role: 'primary' as const, epoch, primary: other, eligible: [] };
      const command = { kind: 'role' as const, step: 'promote' as const, instance: other, order };
      result.commands.push({ ...command, action: 'a9999', unrecordedOk: false });
    });
    assert.ok((await objections(twice)).has('F1'));
  });

  test('F2: traffic only to a primary through which a write succeeded', async () => {
    const early = broken((state, result) => {
      const chosen = recorded(result, 'primary-chosen');
      const port = chosen === undefined ? null : (state.instances[chosen.primary]?.port ?? null);
      if (chosen === undefined || port === null) return;
      const { service, epoch, primary: instance } = chosen;
      const targets = [{ instance, port, state: 'serving' as const }];
      const route = { kind: 'route' as const, service, targets, unrecordedOk: true };
      result.commands.push({ ...route, group: { epoch, read: [], hold: false } });
    });
    assert.ok((await objections(early)).has('F2'));
  });

  test('F3: nobody is promoted who lacks an acknowledged write, without consent', async () => {
    // It takes everybody's consent for granted.
    const bold: Step = (state, event) => {
      for (const id of state.open) {
        const incident = state.incidents[id];
        if (incident !== undefined) incident.consent = true;
      }
      return step(state, event);
    };
    assert.ok((await objections(bold, 150)).has('F3'));
  });

  test('F4: eligible only who has every acknowledged write, as the primary waits', async () => {
    // Whoever is to be admitted is taken for admitted, and nobody tells the primary.
    const hasty: Step = (state, event) => {
      const result = step(state, event);
      const isAdmission = (one: Command) => one.kind === 'role' && one.step === 'admit';
      for (const command of result.commands.filter(isAdmission)) {
        if (command.kind !== 'role') continue;
        const { step: name, instance, action, order } = command;
        const done = { kind: 'role-done' as const, step: name, instance, action, error: null };
        const { at, random } = event;
        const more = step(state, { ...done, epoch: order.epoch, at, random });
        result.records.push(...more.records);
        result.commands.push(...more.commands);
      }
      const commands = result.commands.filter((one) => !isAdmission(one));
      return { ...result, commands };
    };
    assert.ok((await objections(hasty)).has('F4'));
  });

  test('F5: a former primary comes back as a standby', async () => {
    const proud = broken((_, result) => {
      result.commands.forEach((command, index) => {
        if (command.kind !== 'start' || command.order === undefined) return;
        const { order, instance } = command;
        const asPrimary = { ...order, role: 'primary' as const, primary: instance };
        result.commands[index] = { ...command, order: asPrimary };
      });
    });
    assert.ok((await objections(proud)).has('F5'));
  });

  test('F6: epochs grow one by one', async () => {
    const leaping = broken((state, result) => {
      const chosen = recorded(result, 'primary-chosen');
      if (chosen === undefined || chosen.epoch > 1) return;
      const { at: _, ...body } = chosen;
      add(state, result, { ...body, epoch: 7 });
    });
    assert.ok((await objections(leaping)).has('F6'));
  });

  test('F7: one primary for an epoch, decided once', async () => {
    const fickle = broken((state, result) => {
      const chosen = recorded(result, 'primary-chosen');
      const others = chosen === undefined ? [] : (state.services[chosen.service]?.instances ?? []);
      const other = others.find((one) => one !== chosen?.primary);
      if (chosen === undefined || other === undefined) return;
      const { at: _, ...body } = chosen;
      add(state, result, { ...body, primary: other });
    });
    assert.ok((await objections(fickle)).has('F7'));
  });

  test('F7: the next controller completes a fence that was begun', async () => {
    const forgetful = afterRestart((state, result, { action }) => {
      const incident = state.actions[action] ?? null;
      const outcome = { outcome: 'unknown' as const, reason: 'the controller was restarted' };
      add(state, result, { kind: 'action-outcome', incident, action, ...outcome });
    });
    const found = await complaints(forgetful);
    assert.ok(found.some(({ checker, text }) => checker === 'F7' && /keeps its role/.test(text)));
  });

  test('F1: nor does the next controller start what is being fenced', async () => {
    const impatient = afterRestart((state, result, { from }) => {
      const order = { role: 'standby' as const, epoch: 1, primary: from, eligible: [] };
      const action = `a${state.nextAction}` as const;
      add(state, result, { kind: 'instance-starting', instance: from, action });
      result.commands.push({ kind: 'start', instance: from, action, order, unrecordedOk: false });
    });
    const found = await complaints(impatient);
    assert.ok(found.some(({ checker, text }) => checker === 'F1' && /being fenced/.test(text)));
  });

  test('in the end writes are acknowledged again', async () => {
    const closed = broken((_, { commands }) => {
      const others = commands.filter((one) => one.kind !== 'route' || one.group === undefined);
      commands.splice(0, Infinity, ...others);
    });
    assert.ok((await objections(closed, 5)).has('failover'));
  });

  test('F7: a fence that was begun is not left so for ever', async () => {
    const idle = afterRestart((_, result, { from }) => {
      const isFence = (one: Command) =>
        one.kind === 'role' && one.step === 'fence' && one.instance === from;
      result.commands.splice(0, Infinity, ...result.commands.filter((one) => !isFence(one)));
    });
    const found = await complaints(idle);
    assert.ok(found.some(({ checker, text }) => checker === 'F7' && /never completed/.test(text)));
  });
});
