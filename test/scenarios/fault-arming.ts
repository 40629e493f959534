import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ControlClient } from '../../src/cli/control-client.ts';
import type { Bench } from './harness.ts';

/** From now on controllers strike at the point, each time that the file which this returns is
 * removed. */
export async function arm(made: Bench, point: string): Promise<string> {
  const struck = path.join(made.directory, 'struck');
  writeFileSync(struck, '');
  const client = new ControlClient(made.stateDir);
  if (client.isKept()) {
    // Its answer may end with the controller.
    await client.detach().catch(() => undefined);
    await client.ended();
  }
  await made.up({ DARUMA_FAULT_POINT: point, DARUMA_FAULT_ONCE: struck });
  return struck;
}
