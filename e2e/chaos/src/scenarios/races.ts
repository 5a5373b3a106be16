import { atOnce } from '@bookstore/sandbox';
import { BUSY_MACHINE } from '@bookstore/sandbox/testing';
import { type EmbeddedBookstore, onProcesses } from '../bookstore/embedded-bookstore.js';
import { connect, tally } from '../client.js';
import { isLinearizable } from '../linearizability.js';
import { type RacedAuthor, race } from '../race.js';
import type { Scenario } from '../scenario.js';

/** Authors that are raced about at once. */
const GROUPS = 4;
const CLIENTS_OF_A_GROUP = 4;
/** With nothing but unexpected answers there would be no races, and no end. */
const MAX_UNEXPECTED = 100;

/** CreateBook against DeleteAuthor, and whether the answers make sense together. */
export const races: Scenario = {
  name: 'races',
  embedded: onProcesses({ env: BUSY_MACHINE }, async (run, bookstore) => {
    const authors = await runRaces(bookstore, run.amount(100, 1500));
    const rejected = authors.filter(isRejected);
    for (const { history } of rejected.slice(0, 3)) run.say(`not linearizable: ${JSON.stringify(history)}`);
    run.promise('no orphans', (await bookstore.countOrphans()) === 0);
    run.promise('no pending deletions', (await bookstore.countPendingDeletions()) === 0);
    run.never('histories rejected as not linearizable', rejected.length, authors.length);
    const unexpected = authors.flatMap((author) => author.unexpected);
    run.promise(`no answers outside the contract: ${tally(unexpected)}`, unexpected.length === 0);

    await replaceForeignKey(bookstore);
    const authorsWithout = await runRaces(bookstore, 1000, isRejected);
    run.promise(
      'the checker rejects a history without the foreign key',
      authorsWithout.some(isRejected),
      `without the foreign key, ${authorsWithout.filter(isRejected).length} of ${authorsWithout.length} rejected`,
    );
  }),
};

const isRejected = ({ history }: RacedAuthor) => !isLinearizable(history);

/** The same check as an application would make it, without the lock of the constraint. */
async function replaceForeignKey(bookstore: EmbeddedBookstore): Promise<void> {
  await bookstore.query(
    'book-service',
    `ALTER TABLE books DROP CONSTRAINT books_author_fkey;
     CREATE FUNCTION check_then_insert() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       IF NOT EXISTS (SELECT FROM author_refs WHERE author_id = NEW.author_id AND live) THEN
         RAISE foreign_key_violation;
       END IF;
       RETURN NEW;
     END $$;
     CREATE TRIGGER check_then_insert BEFORE INSERT ON books FOR EACH ROW EXECUTE FUNCTION check_then_insert();`,
  );
}

/** Runs races about this many authors, or until one of them is enough. */
async function runRaces(
  { addresses }: EmbeddedBookstore,
  count: number,
  isEnough: (author: RacedAuthor) => boolean = () => false,
): Promise<readonly RacedAuthor[]> {
  const authors: RacedAuthor[] = [];
  let isDone = false;
  let unexpected = 0;
  await atOnce(GROUPS, GROUPS, async () => {
    const clients = Array.from({ length: CLIENTS_OF_A_GROUP }, () => connect(addresses));
    while (!isDone && authors.length < count) {
      const author = await race(clients);
      authors.push(author);
      unexpected += author.unexpected.length;
      isDone ||= isEnough(author) || unexpected > MAX_UNEXPECTED;
    }
    for (const client of clients) client[Symbol.dispose]();
  });
  return authors;
}
