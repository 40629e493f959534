/** Runs a program in our place: same terminal, signals passed on, same end. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/**
 * Resolves with the exit code. A Ctrl-C in the terminal reaches the program without us; passing it
 * on as well would be a second Ctrl-C, so SIGINT is passed on only when no terminal does it.
 */
export function runProgram(argv, options) {
  const child = spawn(argv[0], argv.slice(1), { stdio: 'inherit', ...options });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']) {
    process.on(signal, () => {
      const typed = signal === 'SIGINT' || signal === 'SIGQUIT';
      if (!typed || !inForeground()) child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

/** Our process group is the one that the terminal sends its signals to. */
function inForeground() {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[2] === fields[5];
}
