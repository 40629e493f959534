/** What the routes work with. */
import type { ConsoleSpec } from '../../model/console-spec.ts';
import type { ApiTokens } from './api-tokens.ts';
import type { CookieNames } from './cookies.ts';
import type { Drills } from './drills.ts';
import type { EventStreams } from './event-stream.ts';
import type { Gate } from './gate.ts';
import type { Invitations } from './invitations.ts';
import type { LiveStack } from './live.ts';
import type { LogStreams } from './log-streams.ts';
import type { Outbox } from './outbox.ts';
import type { People } from './people.ts';
import type { Sessions } from './sessions.ts';
import type { SetupSecret } from './setup-secret.ts';
import type { LogSource, StackLink } from './stack-link.ts';
import type { Throttle } from './throttle.ts';

export interface Parts {
  readonly version: string;
  readonly settings: Pick<ConsoleSpec, 'register'>;
  readonly cookies: CookieNames;
  readonly link: StackLink;
  readonly live: LiveStack;
  readonly streams: EventStreams;
  readonly logs: LogSource;
  readonly logStreams: LogStreams;
  readonly people: People;
  readonly setup: SetupSecret;
  readonly sessions: Sessions;
  readonly tokens: ApiTokens;
  readonly invitations: Invitations;
  readonly throttle: Throttle;
  readonly gate: Gate;
  readonly outbox: Outbox;
  readonly drills: Drills;
  readonly log: (text: string) => void;
}
