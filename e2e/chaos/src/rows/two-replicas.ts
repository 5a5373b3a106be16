import { randomUUID } from 'node:crypto';
import { until } from '@bookstore/sandbox';
import { findOrphans } from '../bookstore/orphans.js';
import { startPairs } from '../bookstore/pairs.js';
import { BookstoreClient, must } from '../client/bookstore-client.js';
import { labelOf, tally } from '../client/outcome.js';
import { Random } from '../random.js';
import { type Row, scaled } from '../row.js';

interface Closing {
  readonly op_id: string;
  readonly author_id: string;
  readonly outcome: 'CLOSED' | 'HAS_BOOKS';
}

/** Row 14: two recovery workers and many callers at the same deletions. */
export const twoReplicas: Row = {
  number: 14,
  run: async (lab) => {
    await using bookstore = await lab.start();
    await using pairs = await startPairs(bookstore);
    using client = new BookstoreClient(pairs.addresses);
    const random = new Random(lab.seed);
    const authors: string[] = [];
    for (let count = scaled(lab, { test: 20, short: 40, full: 400 }); count > 0; count--) {
      const { id } = must(await client.createAuthor(`${randomUUID()}@example.com`));
      if (random.chance(0.5)) must(await client.createBook(id));
      authors.push(id);
    }
    // As crashes right after the mark would leave them, all due at once.
    const marked = await bookstore.query<{ id: string; delete_op_id: string }>(
      'authors',
      `UPDATE authors SET state = 'DELETING', delete_op_id = gen_random_uuid(), delete_force = random() < 0.3,
              delete_next_try_at = now() RETURNING id, delete_op_id`,
    );
    // And callers who delete the same ones.
    const answers = await Promise.all(authors.map((id) => client.deleteAuthor(id, random.chance(0.3))));
    await until('nothing DELETING', 30_000, async () => (await findOrphans(bookstore)).deleting === 0);

    const closings = await bookstore.query<Closing>('books', 'SELECT op_id, author_id, outcome FROM author_closings');
    const left = new Set(
      (await bookstore.query<{ id: string }>('authors', 'SELECT id FROM authors')).map(({ id }) => id),
    );
    const closed = new Set(closings.filter(({ outcome }) => outcome === 'CLOSED').map(({ author_id }) => author_id));
    const decided = new Set(closings.map(({ op_id }) => op_id));
    const undecided = marked.filter(({ delete_op_id }) => !decided.has(delete_op_id)).length;
    const contradicted = authors.filter((id) => closed.has(id) === left.has(id)).length;
    const { orphans } = await findOrphans(bookstore);
    const [deadlocks] = await bookstore.query<{ count: number }>(
      'books',
      'SELECT sum(deadlocks)::int AS count FROM pg_stat_database',
    );
    const fault = `two replicas of each service, ${marked.length} deletions left behind, and as many callers`;
    return [
      {
        fault,
        promise: 'each deletion is driven to one outcome',
        measured: `${undecided} undecided, ${contradicted} authors that differ from their closing, ${orphans} orphans (${tally(answers.map(labelOf))})`,
        holds: undecided + contradicted + orphans === 0,
      },
      { fault, promise: 'no deadlock', measured: `${deadlocks?.count}`, holds: deadlocks?.count === 0 },
    ];
  },
};
