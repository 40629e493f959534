/**
 * The language of `expr:` symptoms: CEL (github.com/google/cel-spec) over the signals of one
 * instance, each a double, with three functions of ours: `size('512MiB')` in bytes,
 * `duration('30s')` in seconds, `percent(90)` as a share.
 *
 * CEL itself has a `size` and a `duration` of strings, which mean something else. Ours are
 * registered as `Size` and `Duration`, and calls with a literal are renamed in the text: the length
 * stays, so that positions in errors are those of what the user wrote.
 */
import {
  TypeError as CheckError,
  Environment,
  EvaluationError,
  ParseError,
} from '@marcbachmann/cel-js';
import type { SignalName } from '../model/sample.ts';
import { literalBytes, literalSeconds } from './literal.ts';
import { isSignal, signalNames, signalTree } from './signal-names.ts';

export type CheckedExpression =
  | { readonly ok: true; readonly signals: readonly SignalName[] }
  /** `position`: of the first wrong character, from 0. */
  | { readonly ok: false; readonly message: string; readonly position?: number };

export interface Expression {
  readonly signals: readonly SignalName[];
  /** Null: unknown, because a signal that it needs has no value. */
  evaluate(value: (signal: SignalName) => number | undefined): boolean | null;
}

/** A node of cel-js's syntax tree, as far as we look at it. */
interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
}

const ours: Readonly<Record<string, { readonly name: string; read(text: string): number }>> = {
  size: { name: 'Size', read: literalBytes },
  duration: { name: 'Duration', read: literalSeconds },
};
const language = makeEnvironment();
const knownSignals = `signals are ${signalNames.join(', ')} and check.LABEL`;

export function checkExpression(text: string): CheckedExpression {
  const compiled = compile(text);
  return compiled.ok ? { ok: true, signals: compiled.expression.signals } : compiled;
}

/** Throws an Error for what `checkExpression` refuses. */
export function parseExpression(text: string): Expression {
  const compiled = compile(text);
  if (!compiled.ok) throw new Error(`expression «${text}»: ${compiled.message}`);
  return compiled.expression;
}

type Compiled =
  | { readonly ok: true; readonly expression: Expression }
  | Extract<CheckedExpression, { readonly ok: false }>;

function compile(text: string): Compiled {
  try {
    const ast: unknown = language.parse(text).ast;
    const program = language.parse(renameCalls(text, ast));
    const checked = program.check();
    if (checked.error !== undefined) return refuse(checked.error, text);
    if (checked.type !== 'bool' && checked.type !== 'dyn') {
      return { ok: false, message: `it is a ${checked.type}, not true or false`, position: 0 };
    }
    const signals = mentionedSignals(ast);
    if (signals.length === 0) {
      return { ok: false, message: `it mentions no signal; ${knownSignals}`, position: 0 };
    }
    return { ok: true, expression: { signals, evaluate: evaluator(program, signals) } };
  } catch (error) {
    return refuse(error, text);
  }
}

function refuse(error: unknown, text: string): Extract<Compiled, { readonly ok: false }> {
  if (!(error instanceof ParseError || error instanceof CheckError)) throw error;
  const position = error.range?.start;
  const where = position === undefined ? {} : { position: Math.min(position, text.length) };
  return { ok: false, message: inWords(error), ...where };
}

function inWords(error: ParseError | CheckError): string {
  const unknown = /^(?:Unknown variable|No such key): (.+)$/.exec(error.summary);
  if (unknown !== null) return `there is no signal «${unknown[1]}»; ${knownSignals}`;
  const plain = error.summary.replace('Unexpected token: EOF', 'it ends too early');
  return plain.replace(/\bSize\b/g, 'size').replace(/\bDuration\b/g, 'duration');
}

function evaluator(
  program: (context: Record<string, unknown>) => unknown,
  signals: readonly SignalName[],
): Expression['evaluate'] {
  return (value) => {
    const context: Record<string, unknown> = {};
    for (const signal of signals) {
      const now = value(signal);
      if (now !== undefined) put(context, signal, now);
    }
    try {
      const result = program(context);
      return typeof result === 'boolean' ? result : null;
    } catch (error) {
      if (error instanceof EvaluationError) return null;
      throw error;
    }
  };
}

/** `check.LABEL` is a map of its own, whatever characters the label has. */
function pathOf(signal: SignalName): string[] {
  return signal.startsWith('check.') ? ['check', signal.slice(6)] : signal.split('.');
}

function put(context: Record<string, unknown>, signal: SignalName, value: number): void {
  const path = pathOf(signal);
  const last = path.pop() ?? signal;
  let place = context;
  for (const step of path) {
    const next = (place[step] ?? {}) as Record<string, unknown>;
    place[step] = next;
    place = next;
  }
  place[last] = value;
}

function* nodes(value: unknown): Generator<Node> {
  if (Array.isArray(value)) {
    for (const one of value) yield* nodes(one);
  } else if (typeof value === 'object' && value !== null && 'op' in value) {
    const node = value as Node;
    yield node;
    yield* nodes(node.args);
  }
}

function mentionedSignals(ast: unknown): SignalName[] {
  const found = new Set<SignalName>();
  for (const node of nodes(ast)) {
    const name = dottedName(node);
    if (name !== null && isSignal(name)) found.add(name);
  }
  return [...found];
}

/** `memory.rss`, and `check['some label']` as `check.some label`; null: anything else. */
function dottedName(node: unknown): string | null {
  const { op, args } = node as Node;
  if (op === 'id') return String(args);
  if ((op !== '.' && op !== '[]') || !Array.isArray(args)) return null;
  const base = dottedName(args[0]);
  const key = op === '.' ? args[1] : literal(args[1]);
  return base === null || typeof key !== 'string' ? null : `${base}.${key}`;
}

function literal(node: unknown): unknown {
  const { op, args } = node as Node;
  return op === 'value' ? args : null;
}

/** Also reads the literals, so that a wrong one is refused and not found out later. */
function renameCalls(text: string, ast: unknown): string {
  let result = text;
  for (const node of nodes(ast)) {
    if (node.op !== 'call' || !Array.isArray(node.args)) continue;
    const [name, given] = node.args as [string, readonly Node[]];
    const call = ours[name];
    const word = given.length === 1 ? literal(given[0]) : null;
    if (call === undefined || typeof word !== 'string') continue;
    readLiteral(call.read, word, given[0]);
    result = result.slice(0, node.start) + call.name + result.slice(node.start + name.length);
  }
  return result;
}

function readLiteral(read: (text: string) => number, word: string, node: Node | undefined): void {
  try {
    read(word);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ParseError({ message, ...(node && { range: { start: node.start, end: node.end } }) });
  }
}

function makeEnvironment(): Environment {
  const environment = new Environment();
  for (const [name, shape] of Object.entries(signalTree)) {
    if (shape === 'double') environment.registerVariable(name, shape);
    else environment.registerVariable({ name, schema: shape });
  }
  environment.registerVariable('check', 'map<string, double>');
  for (const { name, read } of Object.values(ours)) {
    environment.registerFunction(`${name}(string): double`, read);
  }
  const percent = (value: number | bigint): number => Number(value) / 100;
  environment.registerFunction('percent(int): double', percent);
  environment.registerFunction('percent(double): double', percent);
  mixNumbers(environment);
  return environment;
}

/** CEL compares whole numbers with doubles, but does not reckon with both; people do. */
function mixNumbers(environment: Environment): void {
  const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
  };
  for (const [sign, reckon] of Object.entries(operators)) {
    const mixed = (a: number | bigint, b: number | bigint) => reckon(Number(a), Number(b));
    environment.registerOperator(`double ${sign} int`, mixed);
    environment.registerOperator(`int ${sign} double`, mixed);
  }
  environment.registerOperator('double == int', (a: number, b: bigint) => a === Number(b));
}
