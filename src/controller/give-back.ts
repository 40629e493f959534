/** Memory that is not needed any more. */
import { setFlagsFromString } from 'node:v8';

/** The V8 of an older one may not know `--memory-reducer-delay-ms`. */
const knowingNode = 26;
const delayMs = 600_000;

/**
 * What reading the stack file and starting everything left behind: a sixth of its memory, which V8
 * keeps for as long as little is allocated. Once it stands still for it, for about 100 ms.
 *
 * V8 would collect all garbage twice more within the next minute, and find a megabyte or two: it
 * does so ten minutes later.
 */
export function giveBack(): void {
  if (Number.parseInt(process.versions.node, 10) >= knowingNode)
    setFlagsFromString(`--memory-reducer-delay-ms=${delayMs}`);
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
