/** A fastify server with one route, which sends what it was given: `bare.ts FILE`. */
import { readFileSync } from 'node:fs';
import fastify from 'fastify';

const text = readFileSync(process.argv[2] ?? '', 'utf8');
const app = fastify();
app.get('/api/v1/services', (_, reply) => reply.type('application/json; charset=utf-8').send(text));
const address = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${new URL(address).port}\n`);
