/** The places of a service's points, as the stack file names them. */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { PlaceSpec } from '../../model/recovery-point.ts';
import { readSecret } from '../../ports/secret.ts';
import type { Place, VaultContext } from '../../ports/vault.ts';
import { BoundedPlace } from './bounded.ts';
import { DirectoryPlace } from './directory.ts';
import { S3Place } from './s3.ts';

/** In the scratch directory: uploads under way. */
export const uploadsName = 'uploads';

/** Rejects with REQUIREMENT_UNMET when a key of S3 isn't there. */
export async function openPlaces(context: VaultContext): Promise<readonly Place[]> {
  return Promise.all(context.spec.to.map((spec) => openPlace(spec, context)));
}

async function openPlace(spec: PlaceSpec, context: VaultContext): Promise<Place> {
  const place = spec.kind === 's3' ? await openS3(spec, context) : openDirectory(spec, context);
  return spec.maxBytes === null ? place : new BoundedPlace(place, spec.maxBytes);
}

function openDirectory(spec: PlaceSpec & { kind: 'directory' }, context: VaultContext): Place {
  const { name, path } = spec;
  return new DirectoryPlace({
    name,
    path,
    knownFile: join(context.indexDir, 'places', hash('sha256', path).slice(0, 16)),
  });
}

async function openS3(spec: PlaceSpec & { kind: 's3' }, context: VaultContext): Promise<Place> {
  const { name, endpoint, bucket, region, prefix } = spec;
  const [accessKey, secretKey] = await Promise.all([
    readSecret(spec.accessKey, `${name}: the access key`),
    readSecret(spec.secretKey, `${name}: the secret key`),
  ]);
  return new S3Place({
    name,
    access: { endpoint, bucket, region, accessKey, secretKey },
    prefix,
    uploadsDir: join(context.scratchDir, uploadsName),
  });
}
