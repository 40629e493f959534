/** Where the command line writes down its drills, for the console and the API. */
import type { Layout } from '../../model/layout.ts';
import { ownIdentity } from '../../ports/process-identity.ts';
import { AccountsDb } from './accounts-db.ts';
import { DrillBook, type DrillEntry } from './drill-book.ts';

/** Takes its result as JSON, or what went wrong. Throws STORE_FAILED, STORE_TOO_NEW. */
export type EndDrill = (text: string) => void;

/** One that this process does. Throws STORE_FAILED, STORE_TOO_NEW. */
export function beginLocalDrill(layout: Layout, entry: DrillEntry): EndDrill {
  const id = withBook(layout, (book) => book.begin(entry, ownIdentity()));
  return (text) => withBook(layout, (book) => book.end(id, text));
}

/** Not held open: a drill may take an hour. */
function withBook<T>(layout: Layout, use: (book: DrillBook) => T): T {
  const db = new AccountsDb(layout.accountsDatabase);
  try {
    return use(new DrillBook(db));
  } finally {
    db.close();
  }
}
