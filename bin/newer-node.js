/** The Node.js that Daruma runs on: the one running us if it is new enough, else its own. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export const oldestNode = 24;

export function runsOnNewEnough() {
  return Number(process.versions.node.split('.')[0]) >= oldestNode;
}

/** The path of a Node.js that is new enough. Throws an error that says what to do when none runs. */
export function newerNode(from) {
  if (runsOnNewEnough()) return process.execPath;
  const node = bundledNode(from);
  if (node === null) {
    throw new Error(
      `Node.js ${oldestNode} or newer is needed (this is ${process.version}), and the npm package ` +
        `\`node\`, which carries one, ${whatIsMissing(from)}, or install a newer Node.js.`,
    );
  }
  return node;
}

function whatIsMissing(from) {
  if (isInstalled(from)) {
    return (
      'is not complete: its install script did not run.\nAllow install scripts ' +
      '(`npm config set ignore-scripts false`) and install again (`npm ci`)'
    );
  }
  return (
    'is not installed.\nRun `npm ci` in the directory of Daruma (`npm start` and `npm test` ' +
    'do so by themselves)'
  );
}

function isInstalled(from) {
  return createRequire(from)
    .resolve.paths('node')
    .some((path) => existsSync(join(path, 'node')));
}

function bundledNode(from) {
  const require = createRequire(from);
  try {
    const node = join(dirname(require.resolve('node/package.json')), 'bin', 'node');
    if (!existsSync(node)) return null;
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' });
    return Number.parseInt(version.slice(1), 10) >= oldestNode ? node : null;
  } catch {
    // Not installed, or it doesn't run on this machine: the caller tells what is needed.
    return null;
  }
}
