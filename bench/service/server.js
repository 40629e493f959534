/**
 * The service that everybody supervises: `server.js PORT FIFO`. Says «listening PID» into the FIFO,
 * answers each request with its pid. `/block` makes it hang without being stopped: it is never
 * answered, and neither is anything after it.
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, fifo] = process.argv.slice(2);
const pid = String(process.pid);

createServer((request, response) => {
  if (request.url === '/block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  response.end(pid);
}).listen({ host: '127.0.0.1', port: Number(port), backlog: 1024 }, () => {
  writeFileSync(fifo, `listening ${pid}\n`);
});
