import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@bookstore/sandbox';
import type { ChaosBookstore } from '../bookstore/chaos-bookstore.js';
import { BookstoreClient, must } from '../client/bookstore-client.js';
import { labelOf, tally } from '../client/outcome.js';
import { type Finding, type Row, scaled } from '../row.js';

const DEADLINE_MS = 1000;
const STATEMENT_TIMEOUT_MS = 2000;
const SETTINGS = {
  DATABASE_STATEMENT_TIMEOUT_MS: String(STATEMENT_TIMEOUT_MS),
  // Its answers would be held up, too.
  READINESS_INTERVAL_MS: '600000',
};

/** Row 11: what is done for a call that has ended. */
export const endedCalls: Row = {
  number: 11,
  run: async (lab) => {
    await using bookstore = await lab.start({ links: true, env: SETTINGS });
    return [
      await withinTransaction(bookstore, scaled(lab, { test: 1, short: 2, full: 20 })),
      await runningStatement(bookstore),
    ];
  },
};

/** DeleteAuthor, whose closing takes longer than the caller waits, statement by statement. */
async function withinTransaction(bookstore: ChaosBookstore, deletions: number): Promise<Finding> {
  using client = new BookstoreClient(bookstore.addresses);
  const link = bookstore.links.bookDatabase;
  let committed = 0;
  const outcomes: string[] = [];
  for (let deletion = 0; deletion < deletions; deletion++) {
    const author = await knownAuthor(client);
    link.interfere = async (bytes, direction) => {
      if (direction === 'answer') await sleep(250);
      return bytes;
    };
    outcomes.push(labelOf(await client.deleteAuthor(author, true, { deadlineMs: DEADLINE_MS })));
    // The recovery worker may take the deletion up by itself after 3 s, for no caller.
    await sleep(1500);
    const closings = `SELECT FROM author_closings WHERE author_id = '${author}'`;
    committed += (await bookstore.query('books', closings)).length;
    link.heal();
  }
  return {
    fault: `the caller's deadline passes within the callee's transaction, ${deletions} times`,
    promise: 'nothing is committed',
    measured: `${committed} committed (${tally(outcomes)})`,
    holds: committed === 0,
  };
}

/** One that runs already cannot be taken back: PostgreSQL ends it. */
async function runningStatement(bookstore: ChaosBookstore): Promise<Finding> {
  using client = new BookstoreClient(bookstore.addresses);
  const author = await knownAuthor(client);
  const holder = await bookstore.connect('books');
  try {
    await holder.query(`BEGIN; SELECT FROM author_refs WHERE author_id = '${author}' FOR UPDATE`);
    const startedAt = performance.now();
    const outcome = await client.createBook(author, {}, { deadlineMs: DEADLINE_MS });
    const blocked = () =>
      bookstore.query<{ pid: number }>(
        'books',
        "SELECT pid FROM pg_stat_activity WHERE usename = 'book_service' AND wait_event_type = 'Lock'",
      );
    await until('the end of the statement', 10_000, async () => (await blocked()).length === 0);
    const ms = Math.round(performance.now() - startedAt);
    return {
      fault: "the caller's deadline passes while a statement waits for a lock",
      promise: 'it ends by its statement_timeout (2 s)',
      timed: true,
      measured: `the call ended ${labelOf(outcome)} after ${Math.round(outcome.ms)} ms, the statement after ${ms} ms`,
      holds: ms <= STATEMENT_TIMEOUT_MS + 500,
    };
  } finally {
    await holder.end();
  }
}

async function knownAuthor(client: BookstoreClient): Promise<string> {
  const { id } = must(await client.createAuthor(`${randomUUID()}@example.com`));
  must(await client.createBook(id));
  return id;
}
