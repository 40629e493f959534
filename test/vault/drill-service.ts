/**
 * A service for tests of drills: counts in a file of its data directory, tells what it read there,
 * and leaves a process behind that nobody's death ends. Refuses data that it doesn't know.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [directory = ''] = process.argv.slice(2);
const text = readFileSync(join(directory, 'count'), 'utf8');
if (!/^\d+$/.test(text)) throw new Error(`«${text}» is no count`);
writeFileSync(join(directory, 'count'), String(Number(text) + 1));
spawn('sleep', ['1000000'], { detached: true, stdio: 'ignore' }).unref();
createServer((_, response) => response.end(text)).listen(Number(process.env['PORT']), '127.0.0.1');
