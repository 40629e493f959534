/** The schema of one service: Compose's words where Compose has one. */
import { z } from 'zod';
import { faultKinds } from '../model/symptom.ts';
import {
  budget,
  closed,
  command,
  described,
  duration,
  either,
  expecting,
  list,
  matching,
  oneOf,
  regularExpression,
  scalar,
  size,
  stringMap,
  text,
  whole,
  words,
  yesOrNo,
} from './leaves.ts';
import { failover } from './schema-failover.ts';
import { recoveryPoints, restoreDrill } from './schema-points.ts';
import { requires } from './schema-requires.ts';

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
export const serviceName = matching(
  namePattern,
  'a name of letters, digits, `-` and `_`, at most 63, beginning with a letter or digit',
);

export const mode = oneOf(['act', 'observe']);
const faults = list(oneOf(faultKinds), 'a list of kinds of fault');

const environment = either(
  [
    z.record(z.string(), scalar.nullable(), 'a map'),
    list(matching(/^[^=]+(=|$)/, 'NAME=value'), 'a list'),
  ],
  'a map of names to values, or a list of NAME=value',
);

const envFile = either(
  [
    text(),
    list(
      either(
        [
          text(),
          closed({
            path: described(text(), 'The file, relative to the stack file.'),
            required: described(yesOrNo().prefault(true), 'Whether a missing file is an error.'),
          }),
        ],
        'a path, or a map with path and required',
      ),
    ),
  ],
  'a path, or a list of paths',
);

const dependency = closed({
  condition: described(
    oneOf(['service_started', 'service_healthy', 'service_completed_successfully']).prefault(
      'service_started',
    ),
    'What must hold before this service starts.',
  ),
  required: described(
    yesOrNo().prefault(true),
    'false: start even if the dependency can’t be had; it stays evidence for locating.',
  ),
});

const dependsOn = either(
  [list(text(), 'a list'), z.record(z.string(), dependency, 'a map')],
  'a list of services, or a map of services to conditions',
);

const statusRange = either(
  [whole(100, 599), matching(/^[1-5]\d\d-[1-5]\d\d$/, 'a range such as 200-299')],
  'a status code or a range such as 200-299',
);

const httpPath = matching(/^(\/|https?:\/\/|\$\{)/, 'a path that begins with /, or a URL');

export const httpFields = closed({
  path: described(
    httpPath,
    'A path is asked of the instance’s own port, or of an external service’s endpoint.',
  ),
  method: described(
    matching(/^[A-Z]+$/, 'a method such as GET').prefault('GET'),
    'The HTTP method.',
  ),
  headers: described(stringMap.prefault({}), 'Request headers.'),
  status: described(
    either([statusRange, list(statusRange)], 'a status code, a range, or a list of them').prefault(
      '200-399',
    ),
    'The status codes that count as healthy.',
  ),
  body: described(regularExpression().optional(), 'What the body must match.'),
});

const http = either(
  [httpPath, httpFields],
  'a path, a URL, or a map with path, method, headers, status and body',
);

export const healthcheckFields = closed({
  http: described(http.optional(), 'An HTTP request; redirects aren’t followed.'),
  tcp: described(
    either(
      [z.literal(true, 'true'), whole(1, 65535), text()],
      'true, a port, or host:port',
    ).optional(),
    'A connection; true: to the instance’s own port.',
  ),
  test: described(
    either(
      [text('a command'), words],
      'a command, or a list that begins with CMD, CMD-SHELL or NONE',
    ).optional(),
    'A command that exits with 0 while all is well, as in Compose: `["CMD", …]`, ' +
      '`["CMD-SHELL", "…"]`, a string (run by a shell), or `["NONE"]`.',
  ),
  nagios: described(
    yesOrNo().optional(),
    '`test` is a check written for Nagios: exit 1 is a warning, its performance data become signals.',
  ),
  sql: described(text('a query').optional(), 'A query that must succeed (postgres only).'),
  disable: described(yesOrNo().optional(), 'true: no check, not even the default one.'),
  interval: described(
    duration({ min: '10ms' }).prefault('2s'),
    'From one check’s start to the next’s.',
  ),
  timeout: described(
    duration({ min: '1ms' }).prefault('2s'),
    'When a check without answer has failed.',
  ),
  retries: described(whole(1).prefault(3), 'Failures in a row that make the instance unhealthy.'),
  start_period: described(
    duration().prefault('30s'),
    'How long after a start failures don’t count, until the first success.',
  ),
  start_interval: described(
    duration({ min: '10ms' }).prefault('100ms'),
    'The longest interval after a start, until the first success; http and tcp checks may be sooner.',
  ),
});

const listenExpected = 'a port from 1 to 65535, or address:port with a numeric address';
const listen = either(
  [
    whole(1, 65535),
    matching(/^(?:(?:[\d.]+|localhost|\[[\da-fA-F:.]+\]):)?\d{1,5}$/, listenExpected),
  ],
  listenExpected,
);

export const endpointFields = closed({
  listen: described(
    listen,
    'Where clients connect. Without an address: 127.0.0.1; any other must be said.',
  ),
  protocol: described(
    oneOf(['tcp', 'http']).prefault('tcp'),
    'What it carries: whole connections, or the requests of HTTP/1.1 one by one.',
  ),
  proxy_protocol: described(
    yesOrNo().prefault(false),
    'Tell the instance the client’s address in a PROXY protocol header (version 1).',
  ),
  drain: described(
    duration().prefault('5s'),
    'How long connections may live on after their instance was taken out.',
  ),
  connect_timeout: described(
    duration({ min: '1ms' }).prefault('1s'),
    'When the next instance is tried.',
  ),
  retry: described(
    list(oneOf(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])).optional(),
    'http: methods of requests that are sent to another instance when one gives no answer. ' +
      'Default: GET, HEAD and OPTIONS.',
  ),
  max_body: described(size().optional(), 'http: the longest body of a request. Default: any.'),
  head_timeout: described(
    duration({ min: '1ms' }).optional(),
    'http: how long the head of a request may take to come. Default: 10s.',
  ),
  idle_timeout: described(
    duration({ min: '1ms' }).optional(),
    'http: how long a connection may be idle between requests. Default: 75s.',
  ),
});

const endpoint = either([listen, endpointFields], 'a port, address:port, or a map with listen');

const policy = oneOf(['no', 'always', 'on-failure', 'unless-stopped']);

export const restartFields = closed({
  policy: described(
    policy.optional(),
    'Compose’s words. Default: `unless-stopped`, or `on-failure` if another service waits for ' +
      'this one with `service_completed_successfully`.',
  ),
  backoff: described(
    closed({
      initial: described(duration({ min: '1ms' }).prefault('1s'), 'Before the second restart.'),
      max: described(duration({ min: '1ms' }).prefault('30s'), 'Never longer than this.'),
    }).prefault({}),
    'Waiting between repeated restarts, doubled each time, half of it by chance.',
  ),
  reset_after: described(
    duration({ min: '1ms' }).prefault('10s'),
    'Having run this long without a symptom, the wait begins anew at `initial`.',
  ),
});

const restart = either(
  [policy, restartFields],
  'one of no, always, on-failure, unless-stopped, or a map with policy, backoff and reset_after',
);

const recovery = closed({
  max_actions: described(
    budget().prefault('5 per 10m'),
    'How many actions in any such time; then a person is asked.',
  ),
  allow: described(
    list(text(), 'a list of names').prefault([]),
    'Destructive actions that may be done without asking.',
  ),
  slow_retry: described(
    duration({ min: '1s' }).prefault('1m'),
    'How often one try is made while a person is needed.',
  ),
});

const cpus = expecting(
  z
    .union(
      [z.number('a number'), z.string('a number').regex(/^\d+(\.\d+)?$/, 'a number')],
      'a number',
    )
    .transform(Number)
    .refine((value) => value > 0, 'a number of cores above 0, such as 0.5'),
  'a number of cores above 0, such as 0.5',
);

const limits = closed({
  cpus: described(cpus.optional(), 'Cores, such as 0.5. Only where there is a cgroup for it.'),
  memory: described(
    size().optional(),
    'Memory of the whole process tree. Where there is no cgroup it is watched, and what is beyond it is restarted.',
  ),
  pids: described(
    whole(1).optional(),
    'Processes and threads of the whole tree; watched like memory where there is no cgroup.',
  ),
});

const action = closed({
  command: described(command, 'What to run.'),
  shell: described(yesOrNo().prefault(false), 'true: `command` is text for `sh -c`.'),
  mends: described(faults.min(1, 'at least one kind of fault'), 'The kinds of fault it may mend.'),
  cost: described(duration().prefault('0'), 'The downtime that the action itself costs.'),
  destructive: described(
    yesOrNo().prefault(false),
    'true: done only with consent, or when `recovery.allow` names it.',
  ),
  timeout: described(duration({ min: '1ms' }).prefault('1m'), 'When it has failed.'),
});

const symptom = closed({
  name: described(text().optional(), 'Default: the expression, or `log: ` and the pattern.'),
  expr: described(
    text('an expression').optional(),
    'A CEL expression over the signals of one instance, such as `cpu > 0.9`.',
  ),
  for: described(duration().optional(), '`expr` must hold this long. Default: 0.'),
  keep_firing_for: described(
    duration().optional(),
    'The symptom ends when `expr` has not held this long. Default: 5s.',
  ),
  log: described(
    regularExpression().optional(),
    'A regular expression that is matched against each line of the log.',
  ),
  count: described(whole(1).optional(), 'So many matching lines … Default: 1.'),
  within: described(duration({ min: '1ms' }).optional(), '… in this time. Default: 1m.'),
  quiet: described(
    duration({ min: '1ms' }).optional(),
    'The symptom ends after so long without a match. Default: as `within`.',
  ),
  faults: described(faults.prefault([]), 'What it may mean. Default: by the signals it mentions.'),
});

const logging = closed({
  max_size: described(size().prefault('10m'), 'A log file is rotated at this size.'),
  max_files: described(whole(1).prefault(5), 'How many are kept.'),
});

export const externalFields = closed({
  start: described(command.optional(), 'Starts it.'),
  stop: described(command.optional(), 'Stops it.'),
  status: described(command.optional(), 'Exits with 0: runs; 3: does not run; else: unknown.'),
  logs: described(command.optional(), 'Prints log lines and goes on as new ones come.'),
  timeout: described(
    duration({ min: '1ms' }).prefault('30s'),
    'When `start` or `stop` has failed.',
  ),
  pid_file: described(text().optional(), 'The file that holds the main process’s id.'),
  ports: described(
    list(whole(1, 65535), 'a list of ports').optional(),
    'With `failover`: where each replica listens; the endpoint then leads to the primary.',
  ),
});

const identifier = matching(
  /^[a-z_][a-z0-9_$]{0,62}$/,
  'a lower-case name of letters, digits and _, at most 63',
);

const settings = expecting(
  z.record(
    matching(/^[A-Za-z_][\w.]*$/, 'the name of a PostgreSQL setting'),
    z.union([matching(/^[^\r\n\0]*$/, 'one line'), z.number(), z.boolean()], 'one line'),
    'a map of names to values',
  ),
  'a map of names to values',
);

const role = closed({
  password: described(text().optional(), 'Default: generated and kept.'),
  owner: described(yesOrNo().prefault(false), 'Owns the database.'),
});

const roles = expecting(
  z.record(
    identifier,
    role.nullable().transform((one) => one ?? { password: undefined, owner: false }),
    'a map of roles',
  ),
  'a map of roles',
);

export const postgresFields = closed({
  bin_dir: described(
    text().optional(),
    'Directory with `postgres` and `initdb`. Default: the binaries that come with Daruma.',
  ),
  data_dir: described(
    either([text(), words], 'a directory, or a list of them').optional(),
    'With replicas a list, one directory for each. Default: below the state directory.',
  ),
  database: described(identifier.prefault('app'), 'Created if it isn’t there.'),
  superuser: described(identifier.prefault('postgres'), 'The administrator’s role.'),
  users: described(roles.prefault({}), 'Roles to create besides the superuser.'),
  settings: described(settings.prefault({}), 'Lines of postgresql.conf.'),
});

export const service = closed({
  driver: described(
    oneOf(['process', 'external', 'postgres']).prefault('process'),
    'What kind of service it is.',
  ),
  mode: described(
    mode.optional(),
    '`observe`: watch, locate and plan, but touch nothing. Default: the stack’s mode.',
  ),
  command: described(
    command.optional(),
    'The program and its arguments. Text is split into words as a shell would, nothing is expanded.',
  ),
  shell: described(yesOrNo().prefault(false), 'true: `command` is text for `sh -c`.'),
  environment: described(
    environment.prefault({}),
    'Variables, besides those of the user who started Daruma. Without a value: that user’s.',
  ),
  env_file: described(envFile.optional(), 'Files with variables; `environment` overrides them.'),
  working_dir: described(text().optional(), 'Default: the directory of the stack file.'),
  user: described(
    either([text(), whole(0)], 'a user name or id').optional(),
    'Who runs it. Default: as Daruma itself; postgres under root: a user without rights.',
  ),
  replicas: described(whole(1).prefault(1), 'How many instances.'),
  depends_on: described(dependsOn.prefault([]), 'Services that must be there before.'),
  healthcheck: described(
    healthcheckFields.optional(),
    'Default: a query for postgres; `status` for an external service that has one; a TCP ' +
      'connection for any other service with an endpoint; a living process by the pid file. ' +
      'With `failover` (not external) the defaults are: interval 500ms, timeout 500ms, retries 2.',
  ),
  endpoint: described(
    endpoint.optional(),
    'The stable address of the service. Each instance listens on its own $PORT; an external ' +
      'service listens there already.',
  ),
  failover: described(
    failover.optional(),
    'One instance is primary, the others are ready to take its place.',
  ),
  endpoint_read: described(
    endpoint.optional(),
    'With `failover`: leads to standbys that have caught up; while there is none, to the primary.',
  ),
  data_dir: described(
    text().optional(),
    'process: where it keeps its data, which is made if it isn’t there; `${DATA_DIR}` names it.',
  ),
  recovery_points: described(
    recoveryPoints.optional(),
    'Restorable copies of its data, made by time and by event.',
  ),
  restore_drill: described(
    restoreDrill.optional(),
    'Recovery points are proven by restoring them beside the real service.',
  ),
  restart: described(restart.prefault({}), 'What becomes of an instance that ended.'),
  recovery: described(recovery.prefault({}), 'The guards of its recovery.'),
  limits: described(limits.optional(), 'Short for `deploy.resources.limits`.'),
  deploy: described(
    closed({
      resources: described(
        closed({ limits: described(limits.optional(), 'Limits of each instance.') }).optional(),
        'As in Compose.',
      ),
    }).optional(),
    'As in Compose, as far as listed here.',
  ),
  stop_signal: described(
    matching(/^(SIG)?[A-Z][A-Z0-9+]*$/, 'a signal such as SIGTERM').optional(),
    'Asks an instance to end. Default: SIGTERM; for postgres SIGINT, which waits for no client.',
  ),
  stop_grace_period: described(
    duration().prefault('10s'),
    'How long it may take to end before it is killed.',
  ),
  requires: described(requires.prefault({}), 'What must be there; `daruma check` verifies it.'),
  actions: described(
    expecting(z.record(serviceName, action, 'a map of actions'), 'a map of actions').prefault({}),
    'Recovery commands of your own, by name.',
  ),
  symptoms: described(list(symptom).prefault([]), 'Conditions that mean trouble.'),
  logging: described(logging.prefault({}), 'How much log is kept per instance.'),
  external: described(externalFields.optional(), 'For `driver: external`: how to handle it.'),
  postgres: described(postgresFields.optional(), 'For `driver: postgres`.'),
});

export type RawService = z.output<typeof service>;
