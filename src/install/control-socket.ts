/** One question to the controller. */
import { basename, dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { request } from '../ports/http.ts';
import { socketPath } from '../ports/socket-path.ts';

/** Rejects when nobody answers, or with the answer's text when it is an error. */
export async function ask(
  socket: string,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = {
    socketPath: socketPath(dirname(socket), basename(socket)),
    method,
    path,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
  };
  const call = request(options, (response) => {
    text(response).then((answer) => {
      const failed = (response.statusCode ?? 500) >= 400;
      if (failed) reject(new Error(answer));
      else resolve(answer);
    }, reject);
  });
  call.on('error', reject);
  call.end(body === undefined ? undefined : JSON.stringify(body));
  const answer = await promise;
  return answer === '' ? null : JSON.parse(answer);
}
