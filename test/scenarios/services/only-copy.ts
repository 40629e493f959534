/**
 * A service that may run only once at a time. It notes each start in the file STARTS, as `start
 * INSTANCE PID TICKS`, and when it finds an earlier copy of itself alive, `double …` as well, or
 * `taken …` when another process of this machine was faster to its port. To each connection it says
 * its name.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { isAlive, ownIdentity } from '../../../src/ports/process-identity.ts';

const { INSTANCE = '', PORT = '0', STARTS = '' } = process.env;
const own = ownIdentity();
appendFileSync(STARTS, `start ${INSTANCE} ${own.pid} ${own.start}\n`);
for (const line of readFileSync(STARTS, 'utf8').split('\n')) {
  const [what, instance, pid, start] = line.split(' ');
  const other = { pid: Number(pid), start: Number(start) };
  if (what !== 'start' || instance !== INSTANCE || other.pid === own.pid) continue;
  if (isAlive(other)) appendFileSync(STARTS, `double ${INSTANCE} ${own.pid} ${other.pid}\n`);
}
createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.end(`${INSTANCE}\n`);
})
  .on('error', (error) => {
    appendFileSync(STARTS, `taken ${INSTANCE} ${own.pid} ${error.message}\n`);
    process.exit(1);
  })
  .listen(Number(PORT), '127.0.0.1');
