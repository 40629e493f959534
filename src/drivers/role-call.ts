/** Tells an instance its role, by a command, an HTTP request or a query. */
import type { CommandSpec } from '../model/command-spec.ts';
import { DarumaError } from '../model/errors.ts';
import type { RoleCallSpec, ServiceSpec } from '../model/stack-spec.ts';
import type { DriverContext } from '../ports/driver.ts';
import { findAccount } from './account.ts';
import { orderOf, roleEnvironment } from './role-file.ts';
import { queryRole } from './role-query.ts';
import { type Account, lastLines, runCommand } from './run-command.ts';

/** `timeoutMs` bounds the call's own time-out. Rejects with TIMED_OUT or ACTION_FAILED. */
export async function callRole(
  context: DriverContext,
  call: RoleCallSpec,
  timeoutMs: number,
): Promise<void> {
  const limitMs = Math.min(timeoutMs, call.timeoutMs);
  if (call.kind === 'command') await runForRole(context, call.command.argv, limitMs);
  else if (call.kind === 'http') await request(context, call, limitMs);
  else await queryRole(context, call, limitMs);
}

/** As `callRole`; resolves with what was answered: printed, or the first value. */
export async function askRole(
  context: DriverContext,
  call: CommandSpec | RoleCallSpec,
  timeoutMs: number,
): Promise<string> {
  if ('argv' in call) return runForRole(context, call.argv, timeoutMs);
  const limitMs = Math.min(timeoutMs, call.timeoutMs);
  if (call.kind === 'command') return runForRole(context, call.command.argv, limitMs);
  if (call.kind === 'sql') return queryRole(context, call, limitMs);
  await request(context, call, limitMs);
  return '';
}

/** Resolves with what the command printed. */
async function runForRole(
  context: DriverContext,
  argv: readonly string[],
  timeoutMs: number,
): Promise<string> {
  const { service, environment, expand } = context;
  const words = argv.map(expand);
  const result = await runCommand(words, {
    timeoutMs,
    workingDir: service.workingDir,
    environment: { ...environment, ...roleEnvironment(orderOf(context)) },
    account: await accountOf(service),
  }).catch((cause: unknown) => {
    throw new DarumaError('ACTION_FAILED', `«${words[0]}» could not be run`, { cause });
  });
  if (result.timedOut) {
    const text = `«${words[0]}» did not end within ${timeoutMs / 1000} s and was killed`;
    throw new DarumaError('TIMED_OUT', text);
  }
  if (result.code === 0) return result.stdout;
  const how = result.signal === null ? `exited with ${result.code}` : `got ${result.signal}`;
  const said = lastLines(result.stderr) || lastLines(result.stdout);
  const text = `«${words[0]}» ${how}${said === '' ? '' : `: ${said}`}`;
  throw new DarumaError('ACTION_FAILED', text);
}

async function request(
  { expand, port }: DriverContext,
  { method, url }: Extract<RoleCallSpec, { readonly kind: 'http' }>,
  timeoutMs: number,
): Promise<void> {
  const path = expand(url);
  const whole = path.startsWith('/') ? `http://127.0.0.1:${port}${path}` : path;
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = { connection: 'close' };
  const response = await fetch(whole, { method, headers, signal, redirect: 'manual' }).catch(
    (cause: unknown) => {
      const code = signal.aborted ? 'TIMED_OUT' : 'ACTION_FAILED';
      throw new DarumaError(code, `${method} ${path} got no answer`, { cause });
    },
  );
  await response.body?.cancel();
  if (response.ok) return;
  throw new DarumaError('ACTION_FAILED', `${method} ${path} was answered with ${response.status}`);
}

async function accountOf({ name, user }: ServiceSpec): Promise<Account | null> {
  if (user === null) return null;
  const account = await findAccount(user);
  if (account !== null) return account.uid === process.geteuid?.() ? null : account;
  throw new DarumaError('USER_UNKNOWN', `there is no user ${user}, as whom ${name} is to run`);
}
