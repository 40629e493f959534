/** Memory that is not needed any more. */
import { setFlagsFromString } from 'node:v8';

/** The first whose V8 knows `--memory-reducer-delay-ms`. */
const knowingNode = 26;
const delayMs = 600_000;

/**
 * What reading the stack file and starting everything left behind: a sixth of its memory, which V8
 * keeps for as long as little is allocated. Once it stands still for it, for about 100 ms.
 *
 * V8 would look twice for more within the next minute, find next to nothing, and use as much of the
 * processor for it as all else that a stack at rest costs in that time: it looks ten minutes later.
 */
export function giveBack(): void {
  if (Number.parseInt(process.versions.node, 10) >= knowingNode)
    setFlagsFromString(`--memory-reducer-delay-ms=${delayMs}`);
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
