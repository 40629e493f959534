/** An order came for data that was led by somebody else, of which nothing is recorded. */
import { DarumaError } from '../model/errors.ts';
import type { Reign } from '../model/group.ts';

export class ReignLost extends DarumaError {
  /** By what the data says. */
  readonly reign: Reign;

  constructor(message: string, reign: Reign) {
    super('REFUSED', message);
    this.reign = reign;
  }
}
