/** The schema of `recovery_points:` and `restore_drill:`. */
import { z } from 'zod';
import {
  closed,
  command,
  described,
  duration,
  either,
  list,
  matching,
  oneOf,
  size,
  text,
  whole,
  words,
  yesOrNo,
} from './leaves.ts';

const everyExpected = 'a duration such as 15m, or a cron pattern such as `0 3 * * *`';
/** Five or six fields; whether they make sense is told when the pattern is read. */
const cronPattern = /^\S+(?: +\S+){4,5}$/;

const every = either(
  [duration({ min: '1s' }), matching(cronPattern, everyExpected)],
  everyExpected,
);

const keep = closed({
  last: described(whole(0).optional(), 'The newest. Default: 3, or 0 if anything else is said.'),
  hourly: described(
    whole(0).optional(),
    'The last of each of so many hours that have one (UTC, as all of these). Default: 24, or 0.',
  ),
  daily: described(whole(0).optional(), 'The last of each of so many days. Default: 7, or 0.'),
  weekly: described(whole(0).optional(), 'The last of each of so many weeks. Default: 4, or 0.'),
  monthly: described(whole(0).optional(), 'The last of each of so many months. Default: 12, or 0.'),
  within: described(duration().prefault('0'), 'All that are younger.'),
  min_age: described(
    duration().prefault('1h'),
    'Nothing younger is removed, whatever else is said, but with a person’s consent.',
  ),
});

const s3Fields = closed({
  endpoint: described(
    matching(/^https?:\/\/[^\s/]+\/?$/, 'a URL such as https://s3.example.org').optional(),
    'Default: AWS_ENDPOINT_URL, or Amazon’s for the region.',
  ),
  bucket: described(
    matching(/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/, 'the name of a bucket'),
    'The bucket; it must be there.',
  ),
  prefix: described(z.string('text').prefault('').meta({ expected: 'text' }), 'Before all keys.'),
  region: described(text().optional(), 'Default: AWS_REGION, or us-east-1.'),
  access_key_file: described(text().optional(), 'The file that holds the access key’s id.'),
  access_key_env: described(
    text().optional(),
    'The variable that holds it. Default: AWS_ACCESS_KEY_ID.',
  ),
  secret_key_file: described(text().optional(), 'The file that holds the secret key.'),
  secret_key_env: described(
    text().optional(),
    'The variable that holds it. Default: AWS_SECRET_ACCESS_KEY.',
  ),
});

const placeFields = closed({
  path: described(
    text().optional(),
    'A directory, relative to the stack file, or `s3://bucket/prefix`.',
  ),
  s3: described(s3Fields.optional(), 'Storage that speaks S3.'),
  max_size: described(size().optional(), 'Most that points may take up there. Default: any.'),
});

const placeExpected = 'a directory, s3://bucket/prefix, or a map with path or s3';
const place = either([text(placeExpected), placeFields], placeExpected);

const keyFields = closed({
  passphrase_file: described(text().optional(), 'The file that holds a passphrase.'),
  passphrase_env: described(text().optional(), 'The variable that holds a passphrase.'),
  name: described(
    matching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/, 'a name of letters, digits, - and _').prefault(
      'passphrase',
    ),
    'What the key is called in the places.',
  ),
});

const keyExpected = 'an age recipient (age1…), or a map with passphrase_file or passphrase_env';
const key = either([matching(/^age1[02-9ac-hj-np-z]{58}$/, keyExpected), keyFields], keyExpected);

export type RawKeep = z.output<typeof keep>;
export type RawPlace = z.output<typeof place>;
export type RawKey = z.output<typeof key>;
export type RawS3 = z.output<typeof s3Fields>;

/** Of any data. */
const common = {
  every: described(every.optional(), 'How often one is made. Cron: local time.'),
  on: described(
    list(text(), 'a list of events').prefault([]),
    'Events at which one is made: `switchover`, `before-destructive` (an action that is ' +
      'destructive, and a restore, wait for it), `shutdown`, or a kind of record of the event log.',
  ),
  keep: described(keep.optional(), 'How many are kept; what any of its rules keeps is kept.'),
  to: described(
    list(place).optional(),
    'Where they are kept. Default: `vault` in the state directory.',
  ),
  spread: described(
    oneOf(['all', 'room']).prefault('all'),
    '`all`: each goes to every place. `room`: to one that has room for it.',
  ),
  encrypt_to: described(
    list(key).prefault([]),
    'Who can read them: any of these. Needed where they leave this machine.',
  ),
  rate: described(size().optional(), 'Most that is read in a second. Default: any.'),
  late_after: described(
    duration({ min: '1s' }).optional(),
    'It is told when the newest is older. Default: when two in a row were missed.',
  ),
  shutdown_timeout: described(
    duration({ min: '1s' }).optional(),
    'How long `down` and `stop` wait for a point of `on: [shutdown]`; then they go on, and say ' +
      'that there is none. Default: 10m.',
  ),
};

export const recoveryPoints = closed({
  ...common,
  paths: described(
    words.optional(),
    'The data is the files below these. Default: `data_dir`; postgres: its cluster.',
  ),
  exclude: described(
    words.optional(),
    'With `paths` or `data_dir`: patterns of files that are left out, such as `cache/**`.',
  ),
  sqlite: described(words.optional(), 'The data is these SQLite databases.'),
  dump: described(command.optional(), 'Prints the data on standard output …'),
  load: described(command.optional(), '… and this reads it from standard input.'),
  shell: described(yesOrNo().prefault(false), 'true: `dump` and `load` are text for `sh -c`.'),
  timeout: described(duration({ min: '1s' }).prefault('1h'), 'When `dump` or `load` has failed.'),
  archive_timeout: described(
    duration({ min: '1s' }).optional(),
    'postgres: a part of the log that isn’t full yet is kept after this long. Default: 1m.',
  ),
});

/** Of the stack: Daruma’s own state. */
export const statePoints = closed(common);

const verifyFields = closed({
  sql: described(text('a query').optional(), 'postgres, sqlite: a query that must succeed.'),
  command: described(
    command.optional(),
    'A command that must succeed; `${PORT}` and `${DATA_DIR}` are those of the copy.',
  ),
  shell: described(yesOrNo().prefault(false), 'true: `command` is text for `sh -c`.'),
  timeout: described(duration({ min: '1ms' }).prefault('1m'), 'When it has failed.'),
});

export const restoreDrill = closed({
  every: described(
    every.optional(),
    'How often the newest point is restored and tried. Default: when a person says so.',
  ),
  verify: described(
    list(verifyFields).prefault([]),
    'What must succeed on the restored copy, beside what is known of the kind of data.',
  ),
  identity: described(
    text().optional(),
    'The file with the private keys (age identities). Needed when points are encrypted.',
  ),
});

export type RawPoints = z.output<typeof recoveryPoints>;
export type RawStatePoints = z.output<typeof statePoints>;
export type RawDrill = z.output<typeof restoreDrill>;
