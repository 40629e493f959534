/** Completion in real shells, of a stack that runs and of one that doesn't. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { layout } from '../../src/model/layout.ts';
import { type Bench, bench } from '../scenarios/harness.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Only bounds how long a test that fails may take. */
const deadlineMs = 60_000;

const stack = `
name: completed
services:
  web: { command: sleep infinity, replicas: 2 }
  worker: { command: sleep infinity }
`;

/** The line as typed; the word that Tab is pressed in comes last. */
type Typed = readonly string[];

/** Candidates for that word, sorted. */
type Complete = (typed: Typed) => Promise<readonly string[]>;

const always: readonly (readonly [Typed, readonly string[]])[] = [
  [['dri'], ['drill']],
  [['re'], ['reject', 'reset', 'restart', 'restore', 'restore-drill']],
  [['sw'], ['switchover']],
  [['errors', 's'], ['show']],
  [['up', '--de'], ['--detach']],
  [['--json', 'errors', '--li'], ['--lines']],
  [['drill', 'h'], ['hang']],
  [['completion', 'z'], ['zsh']],
  [['help', 'expl'], ['explain']],
  [['import', 'daruma.y'], ['daruma.yaml']],
  [['--state-dir', 'sta', 'ps', '--file', 'daruma.y'], ['daruma.yaml']],
  [['up', '--timeout', ''], []],
  [['check', 'x'], []],
];

const running: typeof always = [
  [
    ['start', 'wo'],
    ['worker', 'worker/1'],
  ],
  [['--file', 'daruma.yaml', 'stop', 'web/2'], ['web/2']],
  [['drill', 'kill', 'worker/'], ['worker/1']],
  [['logs', '-f', 'web', 'worker/'], ['worker/1']],
  [
    ['switchover', 'wo'],
    ['worker', 'worker/1'],
  ],
  [['explain', 'i'], ['i1']],
  [['restart', 'web', 'w'], []],
];

const silent: typeof always = [
  [['start', 'w'], []],
  [['explain', ''], []],
  [['errors', 'show', ''], []],
];

/** The program as a user calls it, and the script of the shell. */
async function prepare(made: Bench, shell: string): Promise<void> {
  const call = `"${process.execPath}" --disable-warning=ExperimentalWarning "${main}"`;
  writeFileSync(join(made.directory, 'daruma'), `#!/bin/sh\nexec ${call} "$@"\n`, { mode: 0o755 });
  const { stdout } = await made.daruma('completion', shell);
  writeFileSync(join(made.directory, `completion.${shell}`), stdout);
}

function run(made: Bench, program: string, ...args: string[]): Promise<string> {
  const { directory: cwd, environment } = made;
  const env = { ...environment, PATH: `${cwd}:${environment['PATH'] ?? ''}`, TERM: 'dumb' };
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env, timeout: deadlineMs }, (error, out, err) => {
      if (error === null && err === '') resolve(out);
      else reject(new Error(`${program}: ${out}${err}`, { cause: error }));
    });
  });
}

function candidates(out: string): string[] {
  const lines = out.split('\n').map((line) => line.split('\t')[0] ?? '');
  return lines.filter((line) => line !== '').sort();
}

const inBash = `
source completion.bash
[[ $(complete -p daruma) == 'complete -F _daruma daruma' ]] || exit 1
COMP_WORDS=(daruma "$@")
COMP_CWORD=$#
_daruma
printf '%s\\n' "\${COMPREPLY[@]}"
`;
const bash = (made: Bench): Complete => {
  return async (typed) => candidates(await run(made, 'bash', '-c', inBash, 'bash', ...typed));
};

const inFish = 'source completion.fish; complete -C (string join " " -- daruma $argv)';
const fish = (made: Bench): Complete => {
  return async (typed) => {
    return candidates(await run(made, 'fish', '--no-config', '-c', inFish, '--', ...typed));
  };
};

async function hold(complete: Complete, table: typeof always): Promise<void> {
  for (const [typed, expected] of table) {
    assert.deepEqual(await complete(typed), [...expected].sort(), typed.join(' '));
  }
}

/** An interactive zsh; Tab, then a key that prints the line as it is. */
const zshrc = `
PROMPT=
autoload -Uz compinit
compinit -u -D
source completion.zsh
show() { print -r -- "<<$BUFFER>>"; BUFFER= }
zle -N show
bindkey '^I' complete-word '^T' show
`;
const pressTab = `
zmodload zsh/zpty
zpty shell 'ZDOTDIR=$PWD exec zsh -d -i'
zpty -w -n shell "daruma $*"$'\\t\\C-T'
zpty -r shell out '*<<*>>*'
zpty -d shell
print -r -- \${\${out##*<<}%%>>*}
`;

async function holdInZsh(made: Bench, table: typeof always): Promise<void> {
  for (const [typed, [only = '', ...others]] of table) {
    // Of several a terminal shows a list.
    if (others.length > 0) continue;
    const line = await run(made, 'zsh', '-f', '-c', pressTab, 'zsh', ...typed);
    const completed = only === '' ? typed : [...typed.slice(0, -1), only];
    assert.equal(line.trimEnd(), ['daruma', ...completed].join(' ').trimEnd());
  }
}

type Hold = (made: Bench, table: typeof always) => Promise<void>;
const everyShell: readonly (readonly [string, Hold])[] = [
  ['bash', (made, table) => hold(bash(made), table)],
  ['fish', (made, table) => hold(fish(made), table)],
  ['zsh', holdInZsh],
];
const shells = everyShell.filter(([shell]) => existsSync(`/usr/bin/${shell}`));

test('shells complete commands, options and names', async (t) => {
  const made = await bench(t, stack);
  writeFileSync(join(made.directory, '.zshrc'), zshrc);
  for (const [shell, holds] of shells) {
    await prepare(made, shell);
    await t.test(`${shell}: commands and options`, () => holds(made, always));
    await t.test(`${shell}: no names while nothing runs`, () => holds(made, silent));
  }
  await made.up();
  assert.equal((await made.daruma('drill', 'kill', 'worker/1')).code, 0);
  for (const [shell, holds] of shells) {
    await t.test(`${shell}: names of the running stack`, () => holds(made, running));
  }
});

test('bash makes a word of = in an option', async (t) => {
  const made = await bench(t, stack);
  await prepare(made, 'bash');
  await hold(bash(made), [
    [['--file', '=', 'daruma.y'], ['daruma.yaml']],
    [['--file', '=', 'x', 'incid'], ['incidents']],
  ]);
});

describe('completion while nothing runs', () => {
  test('names are none, at once and without a word', async (t) => {
    const made = await bench(t, stack);
    for (const kind of ['services', 'incidents', 'errors']) {
      const result = await made.daruma('completion', 'bash', '--names', kind);
      assert.deepEqual(result, { code: 0, stdout: '', stderr: '' });
    }
  });

  test('a controller that does not answer is not waited for', async (t) => {
    const made = await bench(t, stack);
    const { controlSocket } = layout(made.stateDir);
    mkdirSync(dirname(controlSocket), { recursive: true });
    const server = createServer().listen(controlSocket);
    await once(server, 'listening');
    const result = await made.daruma('completion', 'bash', '--names', 'services');
    server.close();
    assert.deepEqual(result, { code: 7, stdout: '', stderr: '' });
  });

  test('another shell is refused', async (t) => {
    const made = await bench(t, stack);
    assert.equal((await made.daruma('completion', 'tcsh')).code, 2);
  });
});
