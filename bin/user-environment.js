/**
 * The user's own environment, as it was before npm put its additions into it: services get this
 * one, never npm's.
 */
import { readFileSync } from 'node:fs';

/** What npm sets besides `npm_*` and PATH. */
const npmNames = ['INIT_CWD', 'NODE', 'COLOR', 'EDITOR', 'NODE_OPTIONS', 'HOME'];
/** Of these, the ones that nobody else sets: removed even when the values before are unknown. */
const npmOnlyNames = ['INIT_CWD', 'NODE', 'COLOR'];

/**
 * A copy of `env` without npm's additions; `env` itself when npm didn't start us. `before` is the
 * environment that npm itself was started with, or null when it can't be known.
 */
export function userEnvironment(env, before = environmentOfNpm()) {
  if (env.npm_execpath === undefined) return env;
  const result = {};
  for (const [name, value] of Object.entries(env)) {
    if (!/^npm_/i.test(name) && !npmOnlyNames.includes(name)) result[name] = value;
  }
  for (const [name, value] of Object.entries(before ?? {})) {
    if (/^npm_/i.test(name) || npmNames.includes(name)) result[name] = value;
  }
  if (before !== null) {
    for (const name of npmNames) if (!(name in before)) delete result[name];
  }
  if (env.PATH !== undefined) result.PATH = withoutNpmEntries(env.PATH);
  return result;
}

/** npm prepends a run of `…/node_modules/.bin` that ends with its own `…/node-gyp-bin`. */
function withoutNpmEntries(path) {
  const kept = [];
  for (const entry of path.split(':')) {
    if (entry.endsWith('/node-gyp-bin')) {
      while (kept.at(-1)?.endsWith('/node_modules/.bin')) kept.pop();
    } else {
      kept.push(entry);
    }
  }
  return kept.join(':');
}

/** The environment that the nearest npm above us was started with. */
function environmentOfNpm() {
  try {
    let pid = process.ppid;
    for (let level = 0; level < 5 && pid > 1; level += 1) {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (/^(npm|npx)\b|\/np[mx]-cli\.js\0/.test(command)) return readEnvironment(pid);
      pid = parentOf(pid);
    }
  } catch {
    // A process that ended meanwhile, or that isn't ours to read: nothing is known then.
    return null;
  }
  return null;
}

function parentOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function readEnvironment(pid) {
  const result = {};
  for (const line of readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')) {
    const equals = line.indexOf('=');
    if (equals > 0) result[line.slice(0, equals)] = line.slice(equals + 1);
  }
  return result;
}
