/** The schema of `requires`: what must be there before a stack can run. */

import { z } from 'zod';
import {
  closed,
  described,
  either,
  expecting,
  list,
  matching,
  oneOf,
  scalar,
  size,
  text,
  words,
} from './leaves.ts';

const program = either(
  [
    text(),
    closed({
      name: described(text(), 'The program, found on the PATH, or its path.'),
      version: described(
        matching(/^\s*((>=|<=|>|<|=)?\s*\d+(\.\d+)*\s*)+$/, 'a range such as >=15 <18').optional(),
        'The versions that will do, such as `>=15 <18`. Default: any.',
      ),
      version_args: described(words.prefault(['--version']), 'Arguments that print the version.'),
    }),
  ],
  'a program, or a map with name and version',
);

const file = either(
  [
    text(),
    closed({
      path: described(text(), 'The file or directory, relative to the stack file.'),
      access: described(
        oneOf(['read', 'write', 'execute']).prefault('read'),
        'What must be possible with it.',
      ),
    }),
  ],
  'a path, or a map with path and access',
);

export const requires = closed({
  programs: described(list(program).prefault([]), 'Programs on the PATH.'),
  files: described(list(file).prefault([]), 'Files.'),
  disk: described(
    list(
      closed({
        path: described(text(), 'A directory on the file system in question.'),
        free: described(size(), 'Space that must be free.'),
      }),
    ).prefault([]),
    'Free disk space.',
  ),
  kernel: described(
    list(
      closed({
        name: described(
          matching(/^[a-z0-9_-]+([./][A-Za-z0-9_-]+)+$/, 'a name such as net.core.somaxconn'),
          'The setting, as `sysctl` names it.',
        ),
        at_least: described(
          expecting(z.number('a number'), 'a number').optional(),
          'Its least value.',
        ),
        equals: described(expecting(scalar, 'text or a number').optional(), 'Its only value.'),
      }),
    ).prefault([]),
    'Kernel settings.',
  ),
});

export type RawRequires = z.output<typeof requires>;
