/** Symptoms: an expression or a log pattern. */
import { checkExpression } from '../detect/expression-language.ts';
import type { SymptomSpec } from '../model/stack-spec.ts';
import { symptomKinds } from '../model/symptom.ts';
import type { StackDocument } from './document.ts';
import type { Path } from './problem.ts';
import type { RawService } from './schema-service.ts';

type Raw = RawService['symptoms'][number];

const ofExpressions = ['for', 'keep_firing_for'] as const;
const ofLogs = ['count', 'within', 'quiet'] as const;

const reserved: ReadonlySet<string> = new Set([...symptomKinds, 'health']);

export function toSymptoms(
  document: StackDocument,
  path: Path,
  raws: readonly Raw[],
): readonly SymptomSpec[] {
  const symptoms = new Map<string, SymptomSpec>();
  raws.forEach((raw, index) => {
    const here = [...path, index];
    const symptom = toSymptom(document, here, raw);
    if (symptom === null) return;
    const { name } = symptom;
    if (symptoms.has(name)) {
      document.complain(here, { message: `there is a symptom \`${name}\` already` });
    }
    if (reserved.has(name)) {
      document.complain(here, { message: `\`${name}\` is the name of a symptom of Daruma’s own` });
    }
    symptoms.set(name, symptom);
  });
  return [...symptoms.values()];
}

function toSymptom(document: StackDocument, path: Path, raw: Raw): SymptomSpec | null {
  if ((raw.expr === undefined) === (raw.log === undefined)) {
    document.complain(path, { message: 'expected either `expr` or `log`' });
    return null;
  }
  const foreign = raw.expr === undefined ? ofExpressions : ofLogs;
  for (const field of foreign.filter((name) => raw[name] !== undefined)) {
    const kind = raw.expr === undefined ? 'expr' : 'log';
    document.complain([...path, field], { message: `belongs to a symptom with \`${kind}\`` });
  }
  const { faults } = raw;
  if (raw.expr !== undefined) {
    const checked = checkExpression(raw.expr);
    if (!checked.ok) {
      const message = `not an expression: ${checked.message}`;
      document.complainWithin([...path, 'expr'], checked.position ?? 0, { message });
    }
    return {
      kind: 'expr',
      name: raw.name ?? raw.expr,
      expr: raw.expr,
      forMs: raw.for ?? 0,
      keepFiringForMs: raw.keep_firing_for ?? 5_000,
      faults,
    };
  }
  const withinMs = raw.within ?? 60_000;
  const pattern = raw.log ?? '';
  return {
    kind: 'log',
    name: raw.name ?? `log: ${pattern}`,
    pattern,
    count: raw.count ?? 1,
    withinMs,
    quietMs: raw.quiet ?? withinMs,
    faults,
  };
}
