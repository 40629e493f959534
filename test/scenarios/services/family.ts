/**
 * A service with a family: the child starts a session of its own, starts a grandchild and ends, so
 * that nothing of descent, session or group leads back to us. STUBBORN: the grandchild ignores
 * SIGTERM. What each of us does is written to the file JOURNAL.
 */
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';

const { JOURNAL = '/dev/null', INSTANCE = 'service/0', STUBBORN } = process.env;
const note = (text: string) => appendFileSync(JOURNAL, `${INSTANCE} ${text}\n`);

const trap = STUBBORN === undefined ? '' : "trap '' TERM HUP INT; ";
const grandchild = `${trap}echo "$INSTANCE grandchild $$" >>"$JOURNAL"; while :; do sleep 1; done`;
const daemonise = `setsid sh -c '(setsid sh -c "$GRANDCHILD" </dev/null >/dev/null 2>&1 &)' &`;

if (process.env['ALONE'] === undefined) {
  const env = { ...process.env, GRANDCHILD: grandchild };
  spawn('sh', ['-c', daemonise], { env, stdio: 'ignore' });
}
note(`started ${process.pid}`);
process.on('SIGTERM', () => {
  note('stopped');
  process.exit(0);
});
setInterval(() => undefined, 1_000);
