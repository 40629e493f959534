/** Keeps lines in its data directory: POST adds the path as one, GET gives all of them. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';

const file = path.join(process.env['DATA_DIR'] ?? '', 'notes');

createServer((request, response) => {
  if (request.method === 'POST') appendFileSync(file, `${request.url?.slice(1)}\n`);
  response.end(existsSync(file) ? readFileSync(file) : '');
}).listen(Number(process.env['PORT']), '127.0.0.1');
