/**
 * A service that may work only once at a time, and learns its role from its environment. As primary
 * it notes `reign EPOCH PID TICKS` in the file REIGNS, and `double …` when it finds another primary
 * alive. To each connection it says its role and epoch.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { isAlive, ownIdentity } from '../../../src/ports/process-identity.ts';

const { ROLE = '', EPOCH = '', PORT = '0', REIGNS = '' } = process.env;
if (ROLE === 'primary') {
  const own = ownIdentity();
  appendFileSync(REIGNS, `reign ${EPOCH} ${own.pid} ${own.start}\n`);
  const lines = existsSync(REIGNS) ? readFileSync(REIGNS, 'utf8').split('\n') : [];
  for (const [what, epoch, pid, start] of lines.map((line) => line.split(' '))) {
    const other = { pid: Number(pid), start: Number(start) };
    if (what !== 'reign' || other.pid === own.pid || !isAlive(other)) continue;
    appendFileSync(REIGNS, `double ${EPOCH} ${epoch}\n`);
  }
}
createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.end(`${ROLE} ${EPOCH}\n`);
}).listen(Number(PORT), '127.0.0.1');
