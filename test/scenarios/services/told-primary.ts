/**
 * A service that may work only once at a time, and is told by HTTP: POST /become?epoch=N begins,
 * POST /cease ends its work. Each piece of work is a line `EPOCH PID` in the file NOTES. GET tells
 * what it is.
 */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { PORT = '0', NOTES = '' } = process.env;
let epoch: string | null = null;

createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://instance');
  if (url.pathname === '/become') epoch = url.searchParams.get('epoch');
  if (url.pathname === '/cease') epoch = null;
  response.end(epoch === null ? 'standby' : `primary ${epoch} ${process.pid}`);
}).listen(Number(PORT), '127.0.0.1');

setInterval(() => {
  if (epoch !== null) appendFileSync(NOTES, `${epoch} ${process.pid}\n`);
}, 20);
