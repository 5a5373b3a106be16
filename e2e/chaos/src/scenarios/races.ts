import { BUSY_MACHINE } from '@bookstore/sandbox/testing';
import { EmbeddedBookstore } from '../bookstore/embedded-bookstore.js';
import { BookstoreClient, tally } from '../client.js';
import { countOrphans } from '../ledger.js';
import { isLinearizable } from '../linearizability.js';
import { race } from '../race.js';
import type { Run, Scenario } from '../scenario.js';

const CLIENTS = 16;
/** Clients that work on the same author at once. */
const CLIENTS_OF_A_RACE = 4;
/** With nothing but unexpected answers there would be no races, and no end. */
const MAX_UNEXPECTED = 100;

/** CreateBook against DeleteAuthor, and whether the answers make sense together. */
export const races: Scenario = {
  name: 'races',
  embedded: async (run) => {
    await using bookstore = await EmbeddedBookstore.start({ env: BUSY_MACHINE });
    await raceIntact(run, bookstore);
    await raceBroken(run, bookstore);
  },
};

async function raceIntact(run: Run, bookstore: EmbeddedBookstore): Promise<void> {
  const result = await runRaces(bookstore, run.amount(200, 20_000));
  const { orphans, deleting } = await countOrphans(bookstore);
  for (const history of result.rejected.slice(0, 3)) run.say(`not linearizable: ${history}`);
  const { ghosts, histories, rejected, unexpected } = result;
  run.say(`${result.calls} calls; unexpected answers: ${tally(unexpected)}`);
  const fault = run.fault(`${result.races} races of CreateBook against DeleteAuthor`);
  fault.never('orphans or pending deletions', orphans + deleting);
  fault.never('histories rejected as not linearizable', rejected.length, histories);
  fault.never('authors shown after DeleteAuthor answered OK', ghosts);
  fault.never('answers outside the contract', unexpected.length);
}

/** The checker must reject what a bookstore does that selects the author first and then inserts. */
async function raceBroken(run: Run, bookstore: EmbeddedBookstore): Promise<void> {
  await replaceForeignKey(bookstore);
  const result = await runRaces(bookstore, run.amount(2000, 5000), ({ rejected }) => rejected.length > 0);
  run
    .fault('races without the foreign key')
    .promise(
      'the checker rejects a history',
      result.rejected.length > 0,
      `${result.rejected.length} of ${result.histories} histories rejected`,
    );
}

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

interface Result {
  races: number;
  histories: number;
  calls: number;
  ghosts: number;
  readonly unexpected: string[];
  /** Histories that no order of the calls explains, as text. */
  readonly rejected: string[];
}

/** Runs races until there are enough, or `isDone`, and checks each author's history. */
async function runRaces(
  { addresses }: EmbeddedBookstore,
  enough: number,
  isDone: (result: Result) => boolean = () => false,
): Promise<Result> {
  const result: Result = { races: 0, histories: 0, calls: 0, ghosts: 0, unexpected: [], rejected: [] };
  const clients = Array.from({ length: CLIENTS }, () => new BookstoreClient(addresses));
  const work = async (group: readonly BookstoreClient[]) => {
    while (result.races < enough && result.unexpected.length < MAX_UNEXPECTED && !isDone(result)) {
      const { author, ghosts, races } = await race(group);
      result.races += races;
      result.ghosts += ghosts;
      result.histories++;
      result.calls += author.operations.length;
      result.unexpected.push(...author.unexpected);
      if (!isLinearizable(author.operations)) result.rejected.push(`${author}`);
    }
  };
  try {
    const groups = Array.from({ length: CLIENTS / CLIENTS_OF_A_RACE }, (_, index) =>
      clients.slice(index * CLIENTS_OF_A_RACE, (index + 1) * CLIENTS_OF_A_RACE),
    );
    await Promise.all(groups.map(work));
    return result;
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
}
