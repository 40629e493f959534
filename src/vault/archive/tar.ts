/**
 * tar as POSIX.1-2001 has it (ustar, with pax headers for what doesn't fit there), only as much of
 * it as recovery points need: files, directories and symbolic links. Reading is as strict as
 * writing: whatever we don't write ourselves is refused.
 */
import { ByteReader, type Chunks } from './flow.ts';

export interface TarMember {
  /** Relative, with `/`. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link';
  readonly link?: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
  readonly bytes: number;
}

/** Thrown for what is no archive as it is made here. */
export class TarError extends Error {
  override readonly name = 'TarError';
}

const unit = 512;
/** A path is short; a header that says otherwise is damaged. */
const paxBytesMax = 1 << 20;
const typeFlags = { file: '0', link: '2', directory: '5', pax: 'x' } as const;

/** Two empty units. */
export const tarEnd = Buffer.alloc(2 * unit);

/** Zeros that follow a file of that size. */
export function tarPadding(bytes: number): Buffer {
  return tarEnd.subarray(0, (unit - (bytes % unit)) % unit);
}

export function tarHeader(member: TarMember): Buffer {
  const records = paxRecords(member);
  const header = ustarHeader(member, typeFlags[member.type]);
  if (records.length === 0) return header;
  const shared = { mode: 0o644, uid: 0, gid: 0, mtimeMs: 0 };
  const pax = { ...shared, path: 'pax', type: 'file', bytes: records.length } as const;
  return Buffer.concat([
    ustarHeader(pax, typeFlags.pax),
    records,
    tarPadding(records.length),
    header,
  ]);
}

/** What a ustar field can't hold. */
function paxRecords(member: TarMember): Buffer {
  const name = tarName(member);
  const records: string[] = [];
  if (!fits(name, 100)) records.push(paxRecord('path', name));
  if (!fits(member.link ?? '', 100)) records.push(paxRecord('linkpath', member.link ?? ''));
  if (member.bytes >= 8 ** 11) records.push(paxRecord('size', String(member.bytes)));
  if (member.uid >= 8 ** 7) records.push(paxRecord('uid', String(member.uid)));
  if (member.gid >= 8 ** 7) records.push(paxRecord('gid', String(member.gid)));
  return Buffer.from(records.join(''));
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const text = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(text);
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) length = bytes + String(length).length;
  return `${length}${text}`;
}

function fits(text: string, bytes: number): boolean {
  return Buffer.byteLength(text) === text.length && text.length <= bytes;
}

function tarName({ path, type }: TarMember): string {
  return type === 'directory' ? `${path}/` : path;
}

function ustarHeader(member: TarMember, flag: string): Buffer {
  const header = Buffer.alloc(unit);
  const octal = (value: number, at: number, digits: number): void => {
    const number = value < 8 ** digits ? Math.max(0, Math.floor(value)) : 0;
    header.write(`${number.toString(8).padStart(digits, '0')}\0`, at, 'latin1');
  };
  header.write(tarName(member), 0, 100);
  octal(member.mode & 0o7777, 100, 7);
  octal(member.uid, 108, 7);
  octal(member.gid, 116, 7);
  octal(member.bytes, 124, 11);
  octal(member.mtimeMs / 1000, 136, 11);
  header.write(`        ${flag}`, 148, 'latin1');
  header.write(member.link ?? '', 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** Of a header whose checksum field holds blanks. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (const byte of header) sum += byte;
  return sum;
}

/**
 * Reads an archive: `next` gives the next member or null at the end, after which `content` or
 * `whole` gives its bytes; what is not asked for is passed over. All throw TarError.
 */
export class TarReader {
  readonly #reader: ByteReader;
  #left = 0;
  #padding = 0;

  constructor(chunks: Chunks) {
    this.#reader = new ByteReader(chunks);
  }

  async next(): Promise<TarMember | null> {
    await this.#pass();
    let pax: ReadonlyMap<string, string> = new Map();
    for (;;) {
      const header = await this.#take(unit);
      if (header.every((byte) => byte === 0)) return this.#end();
      const { flag, member } = readHeader(header);
      if (flag === typeFlags.pax) {
        pax = await this.#readPax(member.bytes);
        continue;
      }
      const found = withPax(member, flag, pax);
      this.#left = found.bytes;
      this.#padding = tarPadding(found.bytes).length;
      return found;
    }
  }

  /** All of the member. */
  whole(): Promise<Buffer> {
    const bytes = this.#left;
    this.#left = 0;
    return this.#take(bytes);
  }

  async *content(): AsyncGenerator<Buffer> {
    for await (const chunk of this.#reader.stream(this.#left)) {
      this.#left -= chunk.length;
      yield chunk;
    }
    if (this.#left > 0) throw cutShort();
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  async #pass(): Promise<void> {
    if (!(await this.#reader.skip(this.#left + this.#padding))) throw cutShort();
    this.#left = 0;
    this.#padding = 0;
  }

  /** Reads what is behind, so that whoever digests the stream has seen all of it. */
  async #end(): Promise<null> {
    const second = await this.#take(unit);
    if (!second.every((byte) => byte === 0)) throw new TarError('the archive has no end');
    if ((await this.#reader.take(1)) !== null) throw new TarError('something follows the archive');
    return null;
  }

  async #readPax(bytes: number): Promise<ReadonlyMap<string, string>> {
    if (bytes > paxBytesMax) throw new TarError('a header is too large');
    const records = await this.#take(bytes);
    await this.#take(tarPadding(bytes).length);
    return readPaxRecords(records);
  }

  async #take(bytes: number): Promise<Buffer> {
    const found = await this.#reader.take(bytes);
    if (found === null) throw cutShort();
    return found;
  }
}

function cutShort(): TarError {
  return new TarError('the archive is cut short');
}

function readHeader(header: Buffer): { flag: string; member: Omit<TarMember, 'type'> } {
  const text = (at: number, bytes: number): string => {
    const field = header.subarray(at, at + bytes);
    const end = field.indexOf(0);
    return field.toString('utf8', 0, end === -1 ? bytes : end);
  };
  const octal = (at: number, bytes: number): number => {
    const digits = text(at, bytes).trim();
    if (!/^[0-7]+$/.test(digits)) throw new TarError('a header is damaged');
    return Number.parseInt(digits, 8);
  };
  const sum = octal(148, 8);
  const blank = Buffer.from(header);
  blank.fill(' ', 148, 156);
  if (checksum(blank) !== sum) throw new TarError('a header is damaged');
  const link = text(157, 100);
  const member = {
    path: text(0, 100),
    ...(link === '' ? {} : { link }),
    mode: octal(100, 8),
    uid: octal(108, 8),
    gid: octal(116, 8),
    bytes: octal(124, 12),
    mtimeMs: octal(136, 12) * 1000,
  };
  return { flag: text(156, 1), member };
}

function readPaxRecords(records: Buffer): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < records.length; ) {
    const blank = records.indexOf(' ', at);
    const length = blank === -1 ? 0 : Number(records.toString('latin1', at, blank));
    const end = at + length;
    const text = records.toString('utf8', blank + 1, end - 1);
    const equals = text.indexOf('=');
    const sound = length > 0 && end <= records.length && records[end - 1] === 0x0a && equals > 0;
    if (!sound) throw new TarError('a header is damaged');
    found.set(text.slice(0, equals), text.slice(equals + 1));
    at = end;
  }
  return found;
}

function withPax(
  member: Omit<TarMember, 'type'>,
  flag: string,
  pax: ReadonlyMap<string, string>,
): TarMember {
  const type = (['file', 'link', 'directory'] as const).find((each) => typeFlags[each] === flag);
  if (type === undefined) throw new TarError(`a member has the type ${JSON.stringify(flag)}`);
  const number = (key: string, otherwise: number): number => {
    const text = pax.get(key);
    if (text === undefined) return otherwise;
    if (!/^\d{1,15}$/.test(text)) throw new TarError('a header is damaged');
    return Number(text);
  };
  const link = pax.get('linkpath') ?? member.link;
  const path = pax.get('path') ?? member.path;
  return {
    path: type === 'directory' ? path.replace(/\/$/, '') : path,
    type,
    ...(link === undefined ? {} : { link }),
    mode: member.mode,
    uid: number('uid', member.uid),
    gid: number('gid', member.gid),
    mtimeMs: member.mtimeMs,
    bytes: number('size', member.bytes),
  };
}
