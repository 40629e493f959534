/** The part of the schema that is about who is told of incidents. */
import { z } from 'zod';
import { weekdays } from '../model/notify-spec.ts';
import {
  closed,
  command,
  described,
  duration,
  either,
  expecting,
  list,
  matching,
  oneOf,
  scalar,
  stringMap,
  text,
  url,
  yesOrNo,
} from './leaves.ts';

const mailbox = matching(/^[^\s@<>,;"]+@[^\s@<>,;"]+$/, 'an address such as ops@example.org');
const smtp = matching(
  /^([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?$/,
  'a host such as mail.example.org or mail.example.org:587',
);
const timeOfDay = matching(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time such as 22:00');
const endOfTime = matching(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'a time such as 07:00');
const dayNames = weekdays.join('|');
const days = matching(
  new RegExp(`^(${dayNames})(-(${dayNames}))?$`),
  'a day such as sat, or days such as mon-fri',
);
const label = matching(/^[a-zA-Z_]\w*$/, 'the name of a label');

const email = closed({
  to: described(
    either([mailbox, list(mailbox)], 'an address, or a list of addresses'),
    'Who gets it.',
  ),
  from: described(mailbox, 'Whom it comes from.'),
  smtp: described(smtp, 'The mail server, with its port. Default: 587; 465 with `security: tls`.'),
  security: described(
    oneOf(['starttls', 'tls', 'none']).prefault('starttls'),
    '`starttls`: nothing is said before the connection is secure. `tls`: from its first byte. ' +
      '`none`: for a server on this machine.',
  ),
  ca_file: described(text('a path').optional(), 'Certificates to trust instead of the usual ones.'),
  user: described(text().optional(), 'Whom to log in as.'),
  password_env: described(text().optional(), 'The variable that holds the password.'),
  password_file: described(text().optional(), 'The file that holds the password.'),
});

const alertmanager = closed({
  url: described(url(), 'Where it is, such as `http://127.0.0.1:9093`.'),
  headers: described(stringMap.prefault({}), 'Request headers, such as `authorization`.'),
  labels: described(
    expecting(z.record(label, scalar, 'a map of labels'), 'a map of labels').prefault({}),
    'Labels of the alerts besides `alertname`, `stack`, `host`, `incident` and `severity`.',
  ),
});

const pagerduty = closed({
  routing_key_env: described(text().optional(), 'The variable that holds the integration key.'),
  routing_key_file: described(text().optional(), 'The file that holds the integration key.'),
  url: described(
    url().prefault('https://events.pagerduty.com'),
    'For the European region: `https://events.eu.pagerduty.com`.',
  ),
});

const quietHours = closed({
  from: described(timeOfDay, 'When they begin.'),
  to: described(
    endOfTime,
    'When they end, and the summary comes; `24:00` is midnight. Earlier than `from`: next day.',
  ),
  days: described(
    list(days).optional(),
    'On which days they begin, such as `[mon-fri]` or `[sat, sun]`. Default: every day.',
  ),
  time_zone: described(
    text('a time zone such as Europe/Berlin').optional(),
    'Of the IANA database. Default: that of this machine.',
  ),
  hold_critical: described(
    yesOrNo().prefault(false),
    'true: also what is critical waits for the summary.',
  ),
});

const target = closed({
  name: described(text().optional(), 'Default: its kind and number, such as `webhook 1`.'),
  webhook: described(url().optional(), 'POST to this URL.'),
  webhook_env: described(text().optional(), 'The variable that holds the URL.'),
  webhook_file: described(text().optional(), 'The file that holds the URL.'),
  format: described(
    oneOf(['json', 'slack', 'feishu', 'dingtalk', 'wecom']).optional(),
    'Whose body the webhook gets. Default: `json`.',
  ),
  headers: described(stringMap.optional(), 'Request headers of the webhook.'),
  secret_env: described(
    text().optional(),
    'The variable with the secret (`whsec_…`) that signs the webhook, as Standard Webhooks has it.',
  ),
  secret_file: described(text().optional(), 'The file with that secret.'),
  command: described(command.optional(), 'Run this with the message as JSON on standard input.'),
  shell: described(yesOrNo().optional(), 'true: `command` is text for `sh -c`.'),
  email: described(email.optional(), 'Send mail.'),
  alertmanager: described(alertmanager.optional(), 'Alerts for Alertmanager (API version 2).'),
  pagerduty: described(pagerduty.optional(), 'Events for PagerDuty (Events API version 2).'),
  min_severity: described(
    oneOf(['info', 'warning', 'critical']).prefault('warning'),
    'Less than this is not sent.',
  ),
  services: described(
    list(text('the name of a service')).optional(),
    'Only incidents that touch one of these, and those of no service. Default: all.',
  ),
  quiet_hours: described(
    either([quietHours, list(quietHours)], 'hours, or a list of them').optional(),
    'What comes then is held back and told in one summary at their end.',
  ),
});

export const notify = closed({
  targets: described(
    list(target).prefault([]),
    'Who is told. See docs/operating/notifications.md.',
  ),
  heartbeat: described(
    closed({
      url: described(url(), 'Fetched while Daruma lives.'),
      interval: described(duration({ min: '1s' }).prefault('1m'), 'How often.'),
    }).optional(),
    'So that someone else notices when Daruma is dead.',
  ),
});

export type RawNotify = z.output<typeof notify>;
export type RawQuietHours = z.output<typeof quietHours>;
export type RawTarget = RawNotify['targets'][number];
