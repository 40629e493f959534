/** Which of a Compose service's ports becomes its endpoint. */
import type { ComposeService } from './compose-file.ts';
import { type ComposePort, composePort } from './compose-port.ts';
import { inShort, type Lost } from './import-parts.ts';

/** `taken` holds the ports that others have, and gets this one. In Docker all others stay open. */
export function chooseEndpoint(
  { ports = [] }: ComposeService,
  taken: Set<string>,
  inDocker: boolean,
): { readonly port: ComposePort | null; readonly lost: readonly Lost[] } {
  const readable = ports.map(composePort).map((port) => (port === null ? null : settled(port)));
  const index = readable.findIndex((port) => port !== null && !taken.has(port.published));
  const port = readable[index] ?? null;
  if (port !== null) taken.add(port.published);
  if (inDocker) return { port, lost: [] };
  const others = ports.filter((_, at) => at !== index);
  const reason = 'a service has one endpoint, of one TCP port';
  const lost = others.map((other) => ({ field: 'ports', value: shown(other), reason }));
  return { port, lost };
}

function shown(port: unknown): string {
  return typeof port === 'object' ? inShort([port]) : String(port);
}

/** Variables that mean an instance's own in a stack file: here their default counts. */
function settled(port: ComposePort): ComposePort | null {
  const [, fallback] =
    /^\$\{?(?:PORT|INSTANCE|INSTANCE_NUMBER|DARUMA_NODE)(?::?-(\d+))?\}?$/.exec(port.published) ??
    [];
  if (fallback !== undefined) return { ...port, published: fallback };
  return /^\$\{?(?:PORT|INSTANCE|INSTANCE_NUMBER|DARUMA_NODE)\b/.test(port.published) ? null : port;
}
