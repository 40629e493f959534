/** What was learned, as people and machines are shown it: each number with its cases. */
import {
  detectEstimate,
  edgeEstimate,
  faultsPerHour,
  outcomesOf,
  typicalMs,
} from '../learn/estimates.ts';
import { declaredShow, edgeStrength, priors, showOwn } from '../locate/tables.ts';
import type { ServiceName } from '../model/ids.ts';
import type {
  DetectorView,
  Knowledge,
  KnowledgeView,
  ServiceKnowledge,
  ServiceLearned,
} from '../model/knowledge.ts';
import type { ActionKind } from '../model/record.ts';
import type { ServiceSpec } from '../model/stack-spec.ts';
import { type FaultKind, faultKinds, type SymptomKind } from '../model/symptom.ts';
import { mends } from '../plan/remedies.ts';
import { knowledgeAt } from './apply-knowledge.ts';
import type { EngineState } from './state.ts';

/** A detector is expected to show faults that the table says it shows at least so likely. */
const expectedFrom = 0.5;
const hourMs = 3_600_000;

export function knowledgeView(state: EngineState, at: number): KnowledgeView {
  const knowledge = knowledgeAt(state, at);
  const specs = state.order.flatMap((name) => {
    const service = state.services[name];
    return service === undefined || service.removed ? [] : [service.spec];
  });
  return {
    services: specs.map((spec) => serviceLearned(knowledge, spec)),
    detectors: specs.flatMap((spec) => detectorViews(knowledge, spec)),
  };
}

function serviceLearned(knowledge: Knowledge, spec: ServiceSpec): ServiceLearned {
  const service = spec.name;
  const own = knowledge.services[service];
  const faults = faultKinds
    .map((fault) => ({
      fault,
      cases: own?.faults[fault] ?? 0,
      perHour: faultsPerHour(knowledge, { service, fault }, priors),
    }))
    .filter(({ cases }) => cases > 0)
    .sort((a, b) => b.perHour - a.perHour);
  const passedOn = spec.dependsOn
    .map(({ service: dependency }) => {
      const edge = { service, dependency };
      return { dependency, ...edgeEstimate(knowledge, edge, edgeStrength) };
    })
    .filter(({ cases }) => cases > 0);
  const observedHours = (own?.observedMs ?? 0) / hourMs;
  return { service, observedHours, faults, remedies: remediesOf(knowledge, service), passedOn };
}

function remediesOf(knowledge: Knowledge, service: ServiceName): ServiceLearned['remedies'] {
  const outcomes = knowledge.services[service]?.outcomes ?? {};
  return Object.entries(outcomes).flatMap(([remedy, byFault]) =>
    (Object.keys(byFault) as FaultKind[]).map((fault) => {
      const { own } = outcomesOf(knowledge, { service, remedy, fault });
      const [kind = '', ...words] = remedy.split(' ');
      const name = words.length === 0 ? null : words.join(' ');
      const what = { kind: kind as ActionKind, name, target: service };
      return {
        remedy,
        fault,
        chance: mends(knowledge, what, fault),
        yes: own.yes,
        cases: own.yes + own.no,
        typicalMs: typicalMs(knowledge, { service, remedy }),
      };
    }),
  );
}

const healthKinds: readonly SymptomKind[] = [
  'health-timeout',
  'health-refused',
  'health-failed',
  'unready',
  'stopped',
];

function detectorViews(knowledge: Knowledge, spec: ServiceSpec): DetectorView[] {
  const known = knowledge.services[spec.name]?.detectors ?? {};
  const checked = spec.healthcheck === null ? [] : ['health'];
  const own = ['exit', ...checked, ...spec.symptoms.map((one) => one.name)];
  return [...new Set([...own, ...Object.keys(known)])].map((detector) =>
    detectorView(knowledge, spec, detector),
  );
}

function detectorView(knowledge: Knowledge, spec: ServiceSpec, detector: string): DetectorView {
  const service = spec.name;
  const known = knowledge.services[service]?.detectors[detector];
  const detects = faultKinds.flatMap((fault) => {
    const byTable = showsByTable(spec, detector, { fault, known });
    const found = detectEstimate(knowledge, { service, detector, fault }, byTable);
    return byTable >= expectedFrom || found.yes > 0 ? [{ fault, ...found }] : [];
  });
  return {
    service,
    detector,
    hits: detects.reduce((sum, one) => sum + one.yes, 0),
    misses: detects.reduce((sum, one) => sum + one.cases - one.yes, 0),
    falseAlarms: known?.falseAlarms ?? 0,
    detects: detects.sort((a, b) => b.cases - a.cases || b.chance - a.chance),
  };
}

/** P(some symptom of the detector | the fault), as far as its kinds are known. */
function showsByTable(
  { symptoms }: ServiceSpec,
  detector: string,
  { fault, known }: { fault: FaultKind; known: ServiceKnowledge['detectors'][string] | undefined },
): number {
  const declared = symptoms.find((one) => one.name === detector)?.faults ?? [];
  if (declared.length > 0) return declared.includes(fault) ? declaredShow : 0;
  const shown = Object.values(known?.byFault ?? {}).flatMap(({ kinds }) => Object.keys(kinds));
  const kinds = new Set([...kindsOf(detector), ...(shown as SymptomKind[])]);
  return Math.max(0, ...[...kinds].map((kind) => showOwn[fault][kind] ?? 0));
}

/** What the detectors that every service has may show; of others it is known once they did. */
function kindsOf(detector: string): readonly SymptomKind[] {
  if (detector === 'exit') return ['exit', 'oom'];
  return detector === 'health' ? healthKinds : [];
}
