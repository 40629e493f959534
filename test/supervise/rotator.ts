/** Rotates a log as fast as it can, to be killed. */
import { rotateLog } from '../../src/supervise/log-rotation.ts';

const [directory = '', maxSizeBytes = '0'] = process.argv.slice(2);
const canPunch = async () => true;
process.stdout.write('ready\n');
for (;;) {
  await rotateLog(directory, { maxSizeBytes: Number(maxSizeBytes), maxFiles: 10_000, canPunch });
  await new Promise(setImmediate);
}
