/** An instance that speaks HTTP: `http-instance.ts NAME PORT`. Each path answers in its own way. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const [name = '', port = ''] = process.argv.slice(2);
let requests = 0;
let openGate = (): void => undefined;

type Way = (request: IncomingMessage, response: ServerResponse) => void;

const ways: Readonly<Record<string, Way>> = {
  '/': (_, response) => response.end(name),
  '/count': (_, response) => response.end(String(requests)),
  '/pid': (_, response) => response.end(String(process.pid)),
  '/fields': (request, response) => response.end(request.rawHeaders.join('\n')),
  '/echo': (request, response) => request.pipe(response),
  '/length': (request, response) => {
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
    });
    request.on('end', () => response.end(String(length)));
  },
  '/much': (_, response) => {
    const chunk = Buffer.alloc(1_000_000, 'x');
    const write = (left: number) => {
      if (left === 0) response.end();
      else response.write(chunk, () => write(left - 1));
    };
    write(20);
  },
  '/events': (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
    openGate = () => response.end('data: 2\n\n');
  },
  '/gate': (_, response) => {
    openGate = () => response.end(name);
  },
  '/open': (_, response) => {
    openGate();
    response.end(name);
  },
  '/never': () => undefined,
  '/gate-by-time': (_, response) => void setTimeout(() => response.end(name), 1_500),
  '/hints': (_, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.end(name);
  },
  '/nothing': (_, response) => void response.writeHead(304, { etag: '"a"' }).end(),
  '/last': (_, response) => response.setHeader('connection', 'close').end(name),
  '/cut': (request) => request.socket.destroy(),
  '/half': (request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half', () => request.socket.destroy());
  },
  '/until-end': (request) => request.socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'),
  '/garbage': (request) => request.socket.end('HTTP/1.1 200 OK\r\nX-A : b\r\n\r\n'),
  '/two-answers': ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n\r\nevil');
  },
};

/** `/say/WORD/LENGTH/CHUNKED`: that word, with so many letters behind it. */
const say: Way = ({ url = '' }, response) => {
  const [, , word = '', length = '0', how] = url.split('/');
  const text = `${word} ${'x'.repeat(Number(length))}`;
  if (how === 'chunked') response.write(text.slice(0, text.length >> 1));
  if (how === 'chunked') setImmediate(() => response.end(text.slice(text.length >> 1)));
  else response.end(text);
};

const server = createServer((request, response) => {
  requests += 1;
  const way = request.url?.startsWith('/say/') === true ? say : ways[request.url ?? ''];
  if (way === undefined) response.writeHead(404).end();
  else way(request, response);
});
server.on('upgrade', (request, socket, head) => {
  const { upgrade, connection } = request.headers;
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n` +
      `${name} ${connection} ${upgrade}\n`,
  );
  socket.write(head);
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});
server.on('connection', (socket) => socket.on('error', () => socket.destroy()));
server.listen(Number(port), '127.0.0.1', () => console.log('listening'));
