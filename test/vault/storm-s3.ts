/** S3 storage in a process of its own: DIRECTORY PORT. Prints a line once it listens. */
import S3rver from '@20minutes/s3rver';

const [directory = '', port] = process.argv.slice(2);
const server = new S3rver({
  ...{ directory, port: Number(port), address: '127.0.0.1', silent: true },
  configureBuckets: [{ name: 'storm', configs: [] }],
});
await server.run();
process.stdout.write('listening\n');
