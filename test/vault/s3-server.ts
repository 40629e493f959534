/** A real S3 server (s3rver) as a process of its own. */
import { rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';

type Content = Buffer | Readable;
type Stored = readonly [bytes: number, md5: string];

interface Server {
  readonly store: { putContent(path: string, content: Content): Promise<Stored> };
  run(): Promise<{ readonly port: number }>;
}

type ServerClass = new (options: object) => Server;

const load = createRequire(import.meta.url);
const S3rver = load('@20minutes/s3rver') as ServerClass;
const [directory = '', port = '0'] = process.argv.slice(2);

const server = new S3rver({
  address: '127.0.0.1',
  port: Number(port),
  directory,
  silent: true,
  configureBuckets: [{ name: 'backups' }],
});
// It answers before all is written, and killed it leaves a part of an object as if that were whole.
// S3 does neither.
const { store } = server;
const write = store.putContent.bind(store);
store.putContent = async (path, content) => {
  const part = `${path}.part`;
  const stored = await write(part, Buffer.isBuffer(content) ? Readable.from([content]) : content);
  await rename(part, path);
  return stored;
};
console.log((await server.run()).port);
