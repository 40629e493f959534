/**
 * Where an address of a service leads, and what a new table means for connections that are open.
 *
 * 1. The main address follows the primary: whatever was connected under an older epoch is cut.
 * 2. The address for reading follows `read`: who leaves it is drained. Only what led to a primary
 *    whose reign is over is cut there too, since it could still be written through.
 */
import type { RouteTarget } from '../model/command.ts';
import type { InstanceId } from '../model/ids.ts';
import type { EndpointTable } from '../ports/endpoints.ts';

export interface Leading {
  readonly targets: readonly RouteTarget[];
  /** New connections wait, although there may be somebody, for as long as the endpoint says. */
  readonly hold: boolean;
  /** Connections are closed as soon as nothing is under way. */
  readonly quiet: boolean;
  /** Connections to these instances are cut, also when they are listed. */
  readonly cut: ReadonlySet<InstanceId>;
  /** What becomes of connections to an instance that is no longer listed. */
  readonly unlisted: 'cut' | 'drain';
}

/** `before`: the table that it replaces, if there was one. */
export function leadingOf(
  role: 'main' | 'read',
  now: EndpointTable,
  before: EndpointTable | undefined,
): Leading {
  return role === 'main' ? leadingOfMain(now, before) : leadingOfRead(now, before);
}

function leadingOfMain(now: EndpointTable, before: EndpointTable | undefined): Leading {
  const cut = new Set(isOtherReign(now, before) ? namesOf(now.targets) : []);
  const quiet = now.quiesced !== undefined;
  const hold = quiet || now.group?.hold === true;
  return { targets: now.targets, hold, quiet, cut, unlisted: 'cut' };
}

function leadingOfRead(now: EndpointTable, before: EndpointTable | undefined): Leading {
  const targets = now.group?.read ?? [];
  const reigning = new Set(isOtherReign(now, before) ? [] : namesOf(now.targets));
  const deposed = namesOf(before?.targets ?? []).filter((one) => !reigning.has(one));
  const hold = targets.length === 0 && now.group?.hold === true;
  return { targets, hold, quiet: false, cut: new Set(deposed), unlisted: 'drain' };
}

function isOtherReign(now: EndpointTable, before: EndpointTable | undefined): boolean {
  return now.group?.epoch !== before?.group?.epoch;
}

function namesOf(targets: readonly RouteTarget[]): InstanceId[] {
  return targets.map(({ instance }) => instance);
}
