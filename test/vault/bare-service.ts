/** Keeps what is PUT in files of its directory and GETs it back; says at `/` where it runs. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';

const [directory = ''] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });

createServer(async (request, response) => {
  if (request.url === '/') return void response.end(directory);
  const file = join(directory, basename(request.url ?? ''));
  try {
    if (request.method === 'PUT') writeFileSync(file, await text(request));
    response.end(readFileSync(file));
  } catch {
    response.writeHead(404).end();
  }
}).listen(Number(process.env['PORT']), '127.0.0.1');
