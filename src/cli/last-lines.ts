import { readFileSync } from 'node:fs';
import { layout } from '../model/layout.ts';

/** What the keeper and the controller said last. */
export function lastLines(stateDir: string, count: number): string[] {
  try {
    const text = readFileSync(layout(stateDir).controllerLog, 'utf8').trimEnd();
    return text.split('\n').slice(-count);
  } catch {
    return ['(it left no log)'];
  }
}
