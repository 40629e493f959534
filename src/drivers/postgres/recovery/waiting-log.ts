/** Whether log waits in a spool to be stored, by a look at directories alone. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorInfo } from '../../../model/errors.ts';
import { type InstanceId, instanceId } from '../../../model/ids.ts';
import type { DataScene } from '../../../ports/data-driver.ts';
import { type Place, placeOf } from '../place.ts';
import { isLogName } from './log-names.ts';

type Scene = Pick<DataScene, 'service' | 'stateDir'>;
export type PlaceOf = (scene: Scene, instance: InstanceId) => Promise<Place>;

/** Where something lies doesn't change while we run. */
export function rememberedPlaces(sharedDir: string): PlaceOf {
  const known = new Map<string, Promise<Place>>();
  return (scene, instance) => {
    const key = `${scene.stateDir}\n${instance}`;
    const found = known.get(key) ?? placeOf({ ...scene, instance }, sharedDir);
    known.set(key, found);
    found.catch(() => known.delete(key));
    return found;
  };
}

export async function logWaits(scene: Scene, places: PlaceOf): Promise<boolean> {
  const { name, replicas } = scene.service;
  for (let number = 1; number <= replicas; number += 1) {
    const { spool } = await places(scene, instanceId(name, number));
    for (const cluster of await namesIn(spool)) {
      if ((await namesIn(join(spool, cluster))).some(isLogName)) return true;
    }
  }
  return false;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorInfo(error).code)) return [];
    throw error;
  }
}
