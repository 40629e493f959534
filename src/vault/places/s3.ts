/**
 * A place at an S3-compatible server.
 *
 * 1. What is larger than a part is uploaded in parts, each sent again by itself when it fails; it
 *    is seen under its key only when the upload is completed.
 * 2. An upload under way is noted in a file, so that a sweep after a kill knows what to abort.
 * 3. A download that breaks goes on where it broke, of the same version or not at all.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DarumaError } from '../../model/errors.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from '../../ports/process-identity.ts';
import { readJsonFile, replaceFile } from '../../ports/replace-file.ts';
import type { Place } from '../../ports/vault.ts';
import { Blocks, inOrder } from '../archive/flow.ts';
import { type S3Access, S3Client, type S3Patience } from './s3-client.ts';

/** S3 takes 10,000 parts: 160 GB. All but the last are of one size, as some servers want it. */
const partBytes = 16 << 20;
const partsMax = 10_000;
/** Parts sent at once; one more is being filled. */
const uploadsAtOnce = 2;

/** Downloads in a row that break before anything came. */
const fruitlessMax = 8;

const usualPatience: S3Patience = { attempts: 6, firstDelayMs: 250, idleMs: 30_000 };

export interface S3Options {
  readonly name: string;
  readonly access: S3Access;
  /** Before each key; without slash at its ends, may be empty. */
  readonly prefix: string;
  /** Where uploads under way are noted. */
  readonly uploadsDir: string;
  readonly patience?: S3Patience;
}

interface Upload {
  readonly key: string;
  readonly uploadId: string;
  readonly owner: ProcessIdentity;
}

export class S3Place implements Place {
  readonly name: string;
  readonly #client: S3Client;
  readonly #prefix: string;
  readonly #uploadsDir: string;
  readonly #target: string;

  constructor({ name, access, prefix, uploadsDir, patience = usualPatience }: S3Options) {
    this.name = name;
    this.#client = new S3Client(name, access, patience);
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#uploadsDir = uploadsDir;
    this.#target = `${access.endpoint}/${access.bucket}`;
  }

  async *list(prefix: string): AsyncGenerator<{ key: string; bytes: number }> {
    for (let token: string | null = null; ; ) {
      const { body } = await this.#client.send({
        method: 'GET',
        key: null,
        query: {
          'list-type': '2',
          prefix: `${this.#prefix}${prefix}`,
          ...(token === null ? {} : { 'continuation-token': token }),
        },
      });
      const page = body.toString();
      for (const [, content = ''] of page.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        const key = textOf(content, 'Key').slice(this.#prefix.length);
        yield { key, bytes: Number(textOf(content, 'Size')) };
      }
      token = textOf(page, 'IsTruncated') === 'true' ? textOf(page, 'NextContinuationToken') : null;
      if (token === null) return;
    }
  }

  async read(key: string): Promise<Readable> {
    const first = await this.#client.open({ method: 'GET', key: this.#key(key) });
    return Readable.from(this.#resumed(key, first), { objectMode: false });
  }

  async write(key: string, content: Readable): Promise<void> {
    const blocks = new Blocks(partBytes);
    const parts = blocks.of(content);
    const { value: first } = await parts.next();
    if (first === undefined) throw new Error('there is always one block');
    if (first.length < partBytes) {
      await this.#client.send({ method: 'PUT', key: this.#key(key), body: first });
      return;
    }
    await this.#upload(key, withFirst(first, parts), blocks);
  }

  async remove(key: string): Promise<void> {
    try {
      await this.#client.send({ method: 'DELETE', key: this.#key(key) });
    } catch (error) {
      if (!(error instanceof DarumaError && error.code === 'NOT_FOUND')) throw error;
    }
  }

  async free(): Promise<null> {
    return null;
  }

  async sweep(): Promise<void> {
    await mkdir(this.#uploadsDir, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#uploadsDir)) {
      const file = join(this.#uploadsDir, name);
      const upload = readJsonFile(file) as (Upload & { target: string }) | null;
      if (upload !== null && (upload.target !== this.#target || isAlive(upload.owner))) continue;
      if (upload === null || (await this.#abort(upload))) await rm(file, { force: true });
    }
  }

  #key(key: string): string {
    return `${this.#prefix}${key}`;
  }

  async *#resumed(key: string, first: IncomingMessage): AsyncGenerator<Buffer> {
    const etag = String(first.headers.etag ?? '');
    const total = Number(first.headers['content-length'] ?? Number.NaN);
    let received = 0;
    let fruitless = 0;
    for (let answer: IncomingMessage | null = first; ; answer = null) {
      const before = received;
      try {
        answer ??= await this.#rest(key, received, etag);
        for await (const chunk of answer) {
          received += (chunk as Buffer).length;
          yield chunk as Buffer;
        }
        if (Number.isNaN(total) || received >= total) return;
      } catch (error) {
        if (error instanceof DarumaError) throw error;
        // The connection broke: the rest is asked for below.
      }
      fruitless = received > before ? 0 : fruitless + 1;
      if (fruitless >= fruitlessMax) {
        const text = `${this.name}: reading ${key} breaks off again and again`;
        throw new DarumaError('PLACE_UNREACHABLE', text);
      }
    }
  }

  #rest(key: string, from: number, etag: string): Promise<IncomingMessage> {
    const headers = { range: `bytes=${from}-`, ...(etag === '' ? {} : { 'if-match': etag }) };
    return this.#client.open({ method: 'GET', key: this.#key(key), headers });
  }

  async #upload(key: string, parts: AsyncIterable<Buffer>, blocks: Blocks): Promise<void> {
    const note = join(this.#uploadsDir, `${randomUUID()}.json`);
    const upload = await this.#begin(key, note);
    try {
      const tags: string[] = [];
      let started = 0;
      const sent = inOrder(parts, uploadsAtOnce, async (part) => {
        started += 1;
        const tag = await this.#sendPart(upload, started, part);
        blocks.done(part);
        return tag;
      });
      for await (const tag of sent) tags.push(tag);
      await this.#complete(upload, tags);
    } catch (error) {
      if (await this.#abort(upload)) await rm(note, { force: true });
      throw error;
    }
    await rm(note, { force: true });
  }

  async #begin(key: string, note: string): Promise<Upload> {
    const query = { uploads: '' };
    const { body } = await this.#client.send({ method: 'POST', key: this.#key(key), query });
    const upload = {
      key: this.#key(key),
      uploadId: textOf(body.toString(), 'UploadId'),
      owner: ownIdentity(),
    };
    await mkdir(this.#uploadsDir, { recursive: true, mode: 0o700 });
    replaceFile(note, JSON.stringify({ ...upload, target: this.#target }));
    return upload;
  }

  async #sendPart({ key, uploadId }: Upload, number: number, body: Buffer): Promise<string> {
    if (number > partsMax) {
      const text = `${this.name}: ${key} has more than ${partsMax} parts of 16 MiB`;
      throw new DarumaError('PLACE_FULL', text);
    }
    const query = { partNumber: String(number), uploadId };
    const { headers } = await this.#client.send({ method: 'PUT', key, query, body });
    return String(headers['etag'] ?? '');
  }

  async #complete({ key, uploadId }: Upload, tags: readonly string[]): Promise<void> {
    const parts = tags.map(
      (tag, index) =>
        `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escaped(tag)}</ETag></Part>`,
    );
    const body = Buffer.from(
      `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`,
    );
    await this.#client.send({ method: 'POST', key, query: { uploadId }, body });
  }

  /** False: it is to be tried again. A server that knows no such upload, or lets nobody abort
   * one, will not be asked again. */
  async #abort({ key, uploadId }: Upload): Promise<boolean> {
    try {
      await this.#client.send({ method: 'DELETE', key, query: { uploadId } });
      return true;
    } catch (error) {
      return error instanceof DarumaError && error.code !== 'PLACE_UNREACHABLE';
    }
  }
}

async function* withFirst(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function textOf(xml: string, tag: string): string {
  const text = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1] ?? '';
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return entities[name] ?? whole;
  });
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
