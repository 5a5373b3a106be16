import { BUSY_MACHINE } from '@bookstore/sandbox/testing';
import type { ChaosBookstore } from '../bookstore/chaos-bookstore.js';
import { findOrphans } from '../bookstore/orphans.js';
import { tally } from '../client/outcome.js';
import { runRaces } from '../races/run-races.js';
import { Random } from '../random.js';
import { type Finding, type Lab, type Row, scaled } from '../row.js';

/** Row 1: creating against deleting, and whether what was answered makes sense. */
export const races: Row = {
  number: 1,
  run: async (lab) => {
    return [...(await intact(lab)), ...(lab.scale === 'test' ? [] : await broken(lab))];
  },
};

async function intact(lab: Lab): Promise<Finding[]> {
  await using bookstore = await lab.start({ env: BUSY_MACHINE });
  const enough = scaled(lab, { test: 120, short: 400, full: 20_000 });
  const result = await runRaces(bookstore, enough, new Random(lab.seed));
  lab.say(`  ${result.races} races in ${result.histories} histories`);
  const { orphans, deleting } = await findOrphans(bookstore);
  for (const history of result.rejected.slice(0, 3)) lab.say(`not linearizable: ${history}`);
  const fault = `16 clients, ${result.races} races of CreateBook against DeleteAuthor`;
  return [
    {
      fault,
      promise: '0 orphans',
      measured: `${orphans} orphans, ${deleting} authors left DELETING`,
      holds: orphans + deleting === 0,
    },
    {
      fault,
      promise: "each author's history is linearizable",
      measured: `${result.rejected.length} of ${result.histories} histories (${result.calls} calls) rejected`,
      holds: result.rejected.length === 0,
    },
    {
      fault,
      promise: 'no author is shown after DeleteAuthor said OK',
      measured: `shown ${result.ghosts} times`,
      holds: result.ghosts === 0,
    },
    {
      fault,
      promise: 'no answer but those of the contract',
      measured: `others: ${tally(result.unexpected)}`,
      holds: result.unexpected.length === 0,
    },
  ];
}

/** The checker has to see a bookstore that looks for the author and then inserts, as most of its kind do. */
async function broken(lab: Lab): Promise<Finding[]> {
  await using bookstore = await lab.start({ env: BUSY_MACHINE });
  await lookThenInsert(bookstore);
  const enough = scaled(lab, { test: 2000, short: 2000, full: 5000 });
  const result = await runRaces(bookstore, enough, new Random(lab.seed), ({ rejected }) => rejected.length > 0);
  const { orphans } = await findOrphans(bookstore);
  return [
    {
      fault: 'the same with a broken build: the foreign key is replaced by a look before the insert',
      promise: 'the checker rejects its history',
      measured: `rejected ${result.rejected.length} of ${result.histories} histories within ${result.races} races; ${orphans} orphans`,
      holds: result.rejected.length > 0,
    },
  ];
}

/** What an application does that asks first: the same look, without the constraint's lock. */
async function lookThenInsert(bookstore: ChaosBookstore): Promise<void> {
  await bookstore.query(
    'books',
    `ALTER TABLE books DROP CONSTRAINT books_author_fkey;
     CREATE FUNCTION look_then_insert() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       IF NOT EXISTS (SELECT FROM author_refs WHERE author_id = NEW.author_id AND live) THEN
         RAISE foreign_key_violation;
       END IF;
       RETURN NEW;
     END $$;
     CREATE TRIGGER look_then_insert BEFORE INSERT ON books FOR EACH ROW EXECUTE FUNCTION look_then_insert();`,
  );
}
