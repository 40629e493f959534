/** The schema of `failover:`, for services of which one instance is primary. */
import {
  closed,
  command,
  described,
  duration,
  either,
  matching,
  oneOf,
  size,
  text,
  words,
  yesOrNo,
} from './leaves.ts';

function postgresUrl() {
  return matching(/^postgres(ql)?:\/\//, 'a URL that begins with postgres://');
}

const callFields = closed({
  command: described(command.optional(), 'Runs this; it has failed unless it exits with 0.'),
  shell: described(yesOrNo().optional(), 'true: `command` is text for `sh -c`.'),
  http: described(
    matching(/^(\/|https?:\/\/)/, 'a path that begins with /, or a URL').optional(),
    'Requests this; a path is asked of the instance’s own port. Any status of 200 to 299 is right.',
  ),
  sql: described(
    text('a query').optional(),
    'Asks this of PostgreSQL at `url`. `role` takes the first value of the first row.',
  ),
  url: described(
    postgresUrl().optional(),
    'With `sql`: where. Default: `url` of `failover`. `${PORT}` is the instance’s own.',
  ),
  method: described(
    matching(/^[A-Z]+$/, 'a method such as POST').optional(),
    'Of the request. Default: POST.',
  ),
  timeout: described(duration({ min: '1ms' }).prefault('5s'), 'When it has failed.'),
});

const call = either(
  [text('a command'), words, callFields],
  'a command, or a map with command, http or sql',
);

const durability = either(
  [
    oneOf(['synchronous', 'asynchronous']),
    closed({
      asynchronous: described(
        closed({
          max_lag: described(
            size().prefault('16MiB'),
            'Most that a standby may lack to be promoted without a person’s consent.',
          ),
        }),
        'Writes are acknowledged before a standby has them.',
      ),
    }),
  ],
  'synchronous, asynchronous, or a map with asynchronous: { max_lag }',
);

export const failover = closed({
  mode: described(
    oneOf(['replication', 'active-standby']).optional(),
    '`replication`: standbys hold copies of the primary’s data. `active-standby`: one works, the ' +
      'others wait. Default: by the driver, which knows only one.',
  ),
  durability: described(
    durability.optional(),
    'replication: `synchronous` acknowledges a write when every eligible standby has it. ' +
      'Default: `synchronous`.',
  ),
  standby: described(
    oneOf(['hot', 'warm', 'cold']).optional(),
    'active-standby: `hot` runs and waits, `warm` runs and is told to wait by `cease`, `cold` is ' +
      'started when it is needed. Default: `hot`.',
  ),
  become: described(
    call.optional(),
    'active-standby: tells a running instance that it is primary. Default: it is started anew, ' +
      'with ROLE and EPOCH in its environment.',
  ),
  cease: described(
    call.optional(),
    'active-standby: tells a running instance that it is standby. `${ROLE}` and `${EPOCH}` may ' +
      'stand in it, as in `become`.',
  ),
  role: described(call.optional(), 'external: says `primary` or `standby`, by a command or `sql`.'),
  promote: described(call.optional(), 'external: makes an instance primary.'),
  demote: described(call.optional(), 'external: makes an instance a standby.'),
  fence: described(
    call.optional(),
    'external: ends a primary for sure. Without it nothing is promoted unless a person consents.',
  ),
  url: described(
    postgresUrl().optional(),
    'Where `sql` is asked, such as `postgres://user@127.0.0.1:${PORT}/postgres`.',
  ),
  switchover_limit: described(
    duration().prefault('10s'),
    'How long transactions may take to end at a switchover.',
  ),
  hold: described(
    duration().prefault('10s'),
    'How long connections are held while there is no primary.',
  ),
});
