/** An instance: answers each line with its name and the line; `--proxy`: the first line is a header
 * and is answered as `header …`; `--count`: with the number of the connection. */
import net from 'node:net';

const [name = '', port = '', ...rest] = process.argv.slice(2);
let connections = 0;
const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  let header = rest.includes('--proxy');
  let text = '';
  connections++;
  const suffix = rest.includes('--count') ? ` (connection ${connections})` : '';
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      socket.write(header ? `header ${line.trim()}\n` : `${name} ${line}${suffix}\n`);
      header = false;
    }
  });
});
server.listen(Number(port), '127.0.0.1', () => console.log('listening'));
