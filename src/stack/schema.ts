/**
 * The one schema of the stack file. From it come the reader's checks (`read.ts`), the JSON Schema
 * for editors, the type of `defineStack()` and the reference page.
 */
import { z } from 'zod';
import { budget, closed, described, expecting, matching } from './leaves.ts';
import { console } from './schema-console.ts';
import { notify } from './schema-notify.ts';
import { statePoints } from './schema-points.ts';
import { requires } from './schema-requires.ts';
import { mode, service, serviceName } from './schema-service.ts';

const recovery = closed({
  max_actions: described(
    budget().prefault('30 per 10m'),
    'How many actions in the whole stack in any such time; then a person is asked.',
  ),
  max_unavailable: described(
    matching(/^(100|[1-9]\d?)%$/, 'a share from 1% to 100%').prefault('50%'),
    'Largest share of a service’s instances to be acted on at once; always at least one.',
  ),
});

const services = expecting(
  z
    .record(serviceName, service, 'a map of services')
    .refine((map) => Object.keys(map).length > 0, 'at least one service'),
  'a map of services',
);

export const stackSchema = closed({
  name: described(
    matching(
      /^[a-z0-9][a-z0-9_-]{0,62}$/,
      'a name of lower-case letters, digits, `-` and `_`',
    ).optional(),
    'The stack’s name. Default: that of the directory.',
  ),
  mode: described(
    mode.prefault('act'),
    '`observe`: watch, locate and plan, but touch nothing. A service’s own `mode` goes first.',
  ),
  services: described(services, 'The services by name.'),
  recovery: described(recovery.prefault({}), 'Guards of the stack as a whole.'),
  notify: described(notify.prefault({}), 'Who is told of incidents.'),
  requires: described(requires.prefault({}), 'What the stack as a whole needs.'),
  console: described(
    console.optional(),
    'Where the console and the API are; `false`: there is none. See docs/operating/accounts.md.',
  ),
  recovery_points: described(
    statePoints.optional(),
    'Restorable copies of Daruma’s own state: its event log, its secrets, what it learned.',
  ),
});

export type RawStack = z.output<typeof stackSchema>;
/** What a stack file may hold, for `defineStack()`. */
export type StackInput = z.input<typeof stackSchema>;

/** Gives a stack written in TypeScript or JavaScript its type; changes nothing. */
export function defineStack(stack: StackInput): StackInput {
  return stack;
}
