/** For each guard: an engine or shell that breaks it on purpose is found out by its checker. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { apply } from '../../src/engine/apply.ts';
import { type EngineState, step } from '../../src/engine/index.ts';
import type { Command } from '../../src/model/command.ts';
import type { LogRecord, RecordBody } from '../../src/model/record.ts';
import type { ServiceSpec } from '../../src/model/stack-spec.ts';
import { type Case, cutCase, type Fault, noCut } from '../../src/sim/case.ts';
import { makeCase } from '../../src/sim/make-case.ts';
import { type RunOptions, runCase } from '../../src/sim/run.ts';
import type { Violation } from '../../src/sim/scene.ts';
import { shrink } from '../../src/sim/shrink.ts';
import { runTwice } from '../../src/sim/worker.ts';

type Step = typeof step;
type Result = ReturnType<Step>;

/** The real engine, with something added to or taken from what it says. */
function broken(change: (state: EngineState, result: Result) => Result | undefined): Step {
  return (state, event) => {
    const result = step(state, event);
    return change(state, result) ?? result;
  };
}

/** Adds records as the engine would, so that the log stays the state. */
function add(state: EngineState, result: Result, ...bodies: RecordBody[]): void {
  for (const body of bodies) {
    const record: LogRecord = { at: state.at, ...body };
    result.records.push(record);
    apply(state, record);
  }
}

/** What is objected to in some seeds. */
async function complaints(options: RunOptions, seeds = 30): Promise<Violation[]> {
  const found: Violation[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { violations } = await runCase(makeCase(String(seed)), options);
    found.push(...violations);
  }
  return found;
}

/** The checkers that object. */
async function objections(options: RunOptions, seeds?: number): Promise<Set<string>> {
  return new Set((await complaints(options, seeds)).map(({ checker }) => checker));
}

/** What objects to the first seeds of which the stack is such. */
async function objectionsTo(
  kind: (service: ServiceSpec) => boolean,
  change: (service: ServiceSpec) => ServiceSpec,
): Promise<Set<string>> {
  // The engine is told of another stack than the one that there is.
  const misled: Step = (state, event) => {
    if (event.kind !== 'configured') return step(state, event);
    return step(state, {
      ...event,
      spec: { ...event.spec, services: event.spec.services.map(change) },
    });
  };
  const found = new Set<string>();
  for (let seed = 1, left = 40; left > 0; seed += 1) {
    const given = makeCase(String(seed));
    if (!given.spec.services.some(kind)) continue;
    left -= 1;
    const { violations } = await runCase(given, { step: misled });
    for (const violation of violations) found.add(violation.checker);
  }
  return found;
}

function beginsMaintenance(fault: Fault): boolean {
  return fault.name === 'request' && fault.request.kind === 'maintenance';
}

/** A restart that nobody has reason for, of an instance that serves. */
function restartAtWill(choose: (state: EngineState) => string | null): Step {
  return broken((state, result) => {
    const incident = Object.values(state.incidents).find((one) => one.state !== 'resolved');
    const target = choose(state);
    if (incident === undefined || target === null || state.looking) return;
    const instance = state.instances[target as `a/${number}`];
    if (instance?.phase !== 'ready') return;
    const action = `a${state.nextAction}` as const;
    const planned = { action, kind: 'restart' as const, target, name: null, reason: 'at will' };
    add(
      state,
      result,
      {
        kind: 'action-planned',
        incident: incident.id,
        planned: { ...planned, wouldOnly: false, considered: [] },
      },
      { kind: 'action-begun', incident: incident.id, action, spared: false },
      { kind: 'instance-stopping', instance: instance.id, action, hurry: false },
    );
    result.commands.push({
      kind: 'stop',
      instance: instance.id,
      action,
      hurry: false,
      unrecordedOk: true,
    });
    return result;
  });
}

describe('a guard that is broken on purpose is found out', () => {
  test('budget', async () => {
    const boundless = broken((state, result) => {
      state.acts = [];
      for (const service of Object.values(state.services)) service.acts = [];
      return result;
    });
    assert.ok((await objections({ step: boundless })).has('budget'));
  });

  test('blast radius: the last ready instance', async () => {
    const lastReady = restartAtWill((state) => {
      const of = (service: string) =>
        Object.values(state.instances).filter((one) => one.service === service);
      const only = Object.values(state.instances).find(
        (one) =>
          of(one.service).length > 1 &&
          of(one.service).filter((other) => other.phase === 'ready').length === 1 &&
          one.phase === 'ready',
      );
      return only?.id ?? null;
    });
    assert.ok((await objections({ step: lastReady })).has('blast-radius'));
  });

  test('blast radius: an endpoint that leads nowhere', async () => {
    const nowhere = broken((_state, { records, commands }) => ({
      records,
      commands: commands.map(
        (one): Command => (one.kind === 'route' ? { ...one, targets: [] } : one),
      ),
    }));
    assert.ok((await objections({ step: nowhere })).has('blast-radius'));
  });

  test('evidence', async () => {
    const atWill = broken((state, result) => {
      const ready = Object.values(state.instances).find((one) => one.phase === 'ready');
      if (ready === undefined || state.looking || state.at % 7 > 1) return;
      const action = `a${state.nextAction}` as const;
      add(state, result, {
        kind: 'instance-stopping',
        instance: ready.id,
        action,
        hurry: true,
      });
      const stop: Command = {
        kind: 'stop',
        instance: ready.id,
        action,
        hurry: true,
        unrecordedOk: true,
      };
      result.commands.push(stop);
      return result;
    });
    assert.ok((await objections({ step: atWill })).has('evidence'));
  });

  test("evidence: a command of the user's that nobody began", async () => {
    const rash = broken((state, result) => {
      const [service] = Object.values(state.services);
      const [action] = service?.spec.actions ?? [];
      if (service === undefined || action === undefined || state.looking) return;
      const { name, command, timeoutMs } = action;
      const run = { kind: 'run' as const, action: 'a9999' as const, name, command, timeoutMs };
      result.commands.push({
        ...run,
        service: service.spec.name,
        instance: null,
        unrecordedOk: true,
      });
    });
    const found = await complaints({ step: rash }, 60);
    assert.ok(found.some(({ text }) => /was not begun/.test(text)));
  });

  test('a dependency first', async () => {
    // The engine is told that nothing depends on anything; the stack is another.
    const blind: Step = (state, event) => {
      if (event.kind !== 'configured') return step(state, event);
      const services = event.spec.services.map((one) => ({ ...one, dependsOn: [] }));
      return step(state, { ...event, spec: { ...event.spec, services } });
    };
    assert.ok((await objections({ step: blind }, 120)).has('dependency-order'));
  });

  test('consent', async () => {
    const found = await objectionsTo(
      ({ actions, recovery }) =>
        actions.some((one) => one.destructive) && recovery.allow.length === 0,
      (service) => ({
        ...service,
        actions: service.actions.map((one) => ({ ...one, destructive: false })),
      }),
    );
    assert.ok(found.has('consent'), [...found].join());
  });

  test('observe mode', async () => {
    const found = await objectionsTo(
      ({ mode }) => mode === 'observe',
      (service) => ({ ...service, mode: 'act' }),
    );
    assert.ok(found.has('observe'), [...found].join());
  });

  test('maintenance', async () => {
    const forgetful = broken((state, result) => {
      for (const service of Object.values(state.services)) delete service.maintenance;
      return result;
    });
    const found = new Set<string>();
    for (let seed = 1, left = 40; left > 0; seed += 1) {
      const given = makeCase(String(seed));
      if (!given.faults.some(beginsMaintenance)) continue;
      left -= 1;
      const { violations } = await runCase(given, { step: forgetful });
      for (const violation of violations) found.add(violation.checker);
    }
    assert.ok(found.has('maintenance'), [...found].join());
  });

  test('a log line alone restarts nothing', async () => {
    const alarmed: Step = (state, event) => {
      if (event.kind !== 'symptom-began' || event.symptom.kind !== 'log') return step(state, event);
      const result = step(state, { ...event, symptom: { ...event.symptom, kind: 'memory' } });
      // The log tells what was seen.
      const records = result.records.map((one) =>
        one.kind === 'symptom-began' ? { ...one, symptom: event.symptom } : one,
      );
      return { ...result, records };
    };
    assert.ok((await objections({ step: alarmed }, 120)).has('log-alone'));
  });

  test('blame', async () => {
    const slanderous = broken((state, result) => {
      const located = result.records.findIndex((one) => one.kind === 'incident-located');
      const record = result.records[located];
      if (record?.kind !== 'incident-located') return;
      const component = Object.keys(state.instances)[0] ?? '';
      const causes = [{ component, fault: 'crash' as const, probability: 0.99, evidence: [] }];
      result.records[located] = { ...record, causes, unsure: false };
      return result;
    });
    assert.ok((await objections({ step: slanderous })).has('blame'));
  });

  test('a person is asked only when nothing else is left', async () => {
    const timid = broken((state, result) => {
      const [incident] = state.open;
      if (incident === undefined || state.incidents[incident]?.state !== 'acting') return;
      add(state, result, { kind: 'incident-needs-person', incident, reason: 'too timid' });
      return result;
    });
    assert.ok((await objections({ step: timid })).has('person'));
  });

  test('nobody waits for nothing', async () => {
    const idle: Step = (state, event) =>
      event.kind === 'exited' || event.kind === 'symptom-began'
        ? broken((_state, { records }) => ({ records, commands: [] }))(state, event)
        : step(state, event);
    const found = await objections({ step: idle });
    assert.ok(found.has('recovery') || found.has('person'), [...found].join());
  });

  test('nothing is done about what is known', async () => {
    const careless: Step = (state, event) => {
      if (event.kind !== 'exited') return step(state, event);
      const { at, instance, exit } = event;
      const result: Result = { records: [], commands: [] };
      state.at = Math.max(state.at, at);
      add(state, result, { kind: 'instance-exited', instance, exit, expected: false });
      return result;
    };
    const found = await complaints({ step: careless }, 10);
    assert.ok(found.some(({ text }) => /nothing is done about it/.test(text)));
  });

  test('recovery', async () => {
    const deaf: Step = (state, event) =>
      event.kind === 'exited' ? { records: [], commands: [] } : step(state, event);
    assert.ok((await objections({ step: deaf })).has('recovery'));
  });

  test('one copy of each instance', async () => {
    const twice = broken((_state, { records, commands }) => ({
      records,
      commands: commands.flatMap((one): Command[] => (one.kind === 'start' ? [one, one] : [one])),
    }));
    assert.ok((await objections({ step: twice }, 3)).has('single-copy'));
  });

  test('every request is answered once', async () => {
    const silent = broken((_state, { records, commands }) => ({
      records,
      commands: commands.filter((one) => one.kind !== 'reply'),
    }));
    assert.ok((await objections({ step: silent }, 3)).has('requests'));
    const chatty = broken((_state, { records, commands }) => ({
      records,
      commands: commands.flatMap((one): Command[] => (one.kind === 'reply' ? [one, one] : [one])),
    }));
    assert.ok((await objections({ step: chatty }, 3)).has('requests'));
  });

  test('write-ahead', async () => {
    const rash = broken((_state, { records, commands }) => ({
      records: records.filter((one) => one.kind !== 'replied'),
      commands,
    }));
    assert.ok((await objections({ step: rash }, 3)).has('write-ahead'));
  });

  test('the log replays to the same state', async () => {
    const forgetful = broken((_state, { records, commands }) => ({
      records: records.map((one) => (one.kind === 'instance-started' ? { ...one, port: 1 } : one)),
      commands,
    }));
    assert.ok((await objections({ step: forgetful }, 3)).has('replay'));
  });

  test('the same seed twice gives the same log', async () => {
    // What it counts goes on from the first run to the second.
    let count = 0;
    const moody: Step = (state, event) => {
      count += 1;
      return step(state, event.kind === 'started' ? { ...event, pid: count } : event);
    };
    const job = { seed: '1', cut: noCut };
    assert.equal((await runTwice(job)).deterministic, true);
    assert.equal((await runTwice(job, { step: moody })).deterministic, false);
  });

  test('a crash', async () => {
    const fragile: Step = (state, event) => {
      if (event.kind === 'exited') throw new Error('never thought of that');
      return step(state, event);
    };
    assert.ok((await objections({ step: fragile })).has('engine'));
  });
});

test('for each checker there is such a test', () => {
  const folder = path.join(import.meta.dirname, '../../src/sim/checkers');
  const read = (file: string) => readFileSync(file, 'utf8');
  const names = readdirSync(folder).flatMap((file) => {
    const text = read(path.join(folder, file));
    return [...text.matchAll(/readonly name = '([^']+)'|complain\(\s*'([^']+)'/g)];
  });
  const tests = ['guards', 'failover-guards'].map((one) =>
    read(path.join(import.meta.dirname, `${one}.test.ts`)),
  );
  for (const [, name, rule] of names) {
    const asked = `'${name ?? rule}'`;
    assert.ok(
      tests.some((text) => text.includes(`has(${asked})`)),
      `${asked} is never asked for`,
    );
  }
});

describe('a failure', () => {
  const deaf: Step = (state, event) =>
    event.kind === 'exited' ? { records: [], commands: [] } : step(state, event);

  async function failing(): Promise<Case> {
    for (let seed = 1; ; seed += 1) {
      const given = makeCase(String(seed));
      const { violations } = await runCase(given, { step: deaf });
      if (violations.length > 0 && given.faults.length > 4) return given;
    }
  }

  test('is made smaller, and what is left fails alike and replays exactly', async () => {
    const given = await failing();
    const { cut, result } = await shrink(given.seed, noCut, { step: deaf });
    assert.ok((cut.faults?.length ?? Infinity) < given.faults.length);
    const again = await runCase(cutCase(makeCase(given.seed), cut), { step: deaf });
    assert.deepEqual(again, result);
  });
});
