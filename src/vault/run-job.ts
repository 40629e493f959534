/** Starts jobs on recovery points: a process each, with low priority, tied to this one. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { entry } from '../model/entry.ts';
import { DarumaError, type ErrorCode, type ErrorInfo, errorTable } from '../model/errors.ts';
import {
  isUrgent,
  JobEnded,
  type JobMessage,
  type JobProgress,
  type RunJob,
} from '../ports/vault-job.ts';
import { gently, jobEnvironment, jobFlags } from './sources/gently.ts';

const lastLines = 3;

interface JobOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function jobRunner({ environment }: JobOptions): RunJob {
  const main = fileURLToPath(entry(import.meta.url, '../vault-main'));
  return (scene, work, how = {}) =>
    new Promise((resolve, reject) => {
      const job = [process.execPath, ...jobFlags, ...process.execArgv, main];
      const [program = '', ...args] = isUrgent(work) ? job : gently(job);
      const child = spawn(program, args, {
        cwd: scene.spec.directory,
        env: jobEnvironment(environment),
        stdio: ['pipe', 'pipe', 'pipe'],
        // A session of its own: it makes its session nice, and ours must not be.
        detached: true,
      });
      const told: { message: JobMessage | null } = { message: null };
      let errors = '';
      const cancel = () => void child.kill('SIGTERM');
      how.signal?.addEventListener('abort', cancel, { once: true });
      // What it no longer reads is told by its exit.
      child.stdin.on('error', () => undefined);
      child.stdin.write(`${JSON.stringify({ scene, work })}\n`);
      child.stderr.on('data', (chunk: Buffer) => {
        errors = (errors + chunk.toString()).slice(-4_096);
      });
      createInterface(child.stdout).on('line', (line) => {
        const message = JSON.parse(line) as JobMessage;
        if (message.kind !== 'progress') told.message = message;
        else how.onProgress?.(progressOf(message));
      });
      child.once('error', (cause) => reject(new JobEnded('ACTION_FAILED', 'no job', { cause })));
      child.once('close', (code, signal) => {
        how.signal?.removeEventListener('abort', cancel);
        const { message } = told;
        if (message?.kind === 'done') resolve(message.result as never);
        else if (message?.kind === 'failed') reject(asError(message.error));
        else {
          const last = errors.trim().split('\n').slice(-lastLines).join(' | ');
          const text = `the job ended with ${signal ?? `code ${code}`}`;
          reject(new JobEnded('ACTION_FAILED', last === '' ? text : `${text}: ${last}`));
        }
      });
    });
}

function progressOf({ stage, bytes, total }: JobProgress): JobProgress {
  return { stage, bytes, total };
}

function asError({ code, message }: ErrorInfo): DarumaError {
  return new DarumaError(code in errorTable ? (code as ErrorCode) : 'ACTION_FAILED', message);
}
