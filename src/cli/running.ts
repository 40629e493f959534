/** What an earlier `up` left running. */
import { readFileSync } from 'node:fs';
import { layout } from '../model/layout.ts';
import type { EndpointFile } from '../ports/keeper.ts';
import { isAlive } from '../ports/process-identity.ts';

/** An endpoint process of this stack lives and so holds the endpoints' ports. */
export function ownsEndpoints(stateDir: string): boolean {
  let text: string;
  try {
    text = readFileSync(layout(stateDir).endpointFile, 'utf8');
  } catch {
    return false; // Never started, or ended as it should.
  }
  const file: EndpointFile = JSON.parse(text);
  return isAlive(file);
}
