/** A real S3 server (s3rver) as a process of its own. */
import { createRequire } from 'node:module';

interface Server {
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
console.log((await server.run()).port);
