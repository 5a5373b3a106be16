import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BookstoreClient, must } from '../client/bookstore-client.js';
import { labelOf, type Outcome, tally } from '../client/outcome.js';
import { type Row, scaled } from '../row.js';

const CANCELLED = 2000;
const BYSTANDERS = 50;
/** What a full server asks its callers to wait. */
const RETRY_AFTER_MS = 100;
/** The connection is what is looked at here, not how busy the machine is. */
const PATIENT = { deadlineMs: 20_000 };

/** Row 12: many calls are cancelled at once on the connection that others use, too. */
export const cancelledBurst: Row = {
  number: 12,
  run: async (lab) => {
    await using bookstore = await lab.start();
    using client = new BookstoreClient(bookstore.addresses);
    const author = must(await client.createAuthor(`${randomUUID()}@example.com`)).id;
    const book = must(await client.createBook(author)).id;
    const bursts = scaled(lab, { test: 1, short: 2, full: 20 });
    const first: string[] = [];
    const final: string[] = [];
    let cancelled = 0;
    for (let burst = 0; burst < bursts; burst++) {
      const cancelling = new AbortController();
      setMaxListeners(0, cancelling.signal);
      // Of authors nobody knows, so that the book service has to call off as many calls of its own.
      const doomed = Array.from({ length: CANCELLED }, () =>
        client.createBook(randomUUID(), {}, { signal: cancelling.signal }),
      );
      const bystanders = Array.from({ length: BYSTANDERS }, (_, index) =>
        withOneRetry(first, () => (index % 2 === 0 ? client.getBook(book, PATIENT) : client.booksOf(author, PATIENT))),
      );
      await sleep(20);
      cancelling.abort();
      final.push(...(await Promise.all(bystanders)).map(labelOf));
      cancelled += (await Promise.all(doomed)).filter((outcome) => labelOf(outcome) === 'CANCELLED').length;
    }
    const after = await client.createBook(must(await client.createAuthor(`${randomUUID()}@example.com`)).id);
    const failed = final.filter((label) => label !== 'OK').length;
    return [
      {
        fault: `${bursts} bursts of ${CANCELLED} calls on one connection, cancelled at once (${cancelled} were)`,
        promise: 'bystanders succeed after at most one retry',
        measured: `${failed} of ${final.length} failed; first tries: ${tally(first)}; the next call: ${labelOf(after)}`,
        holds: failed === 0 && after.ok,
      },
    ];
  },
};

async function withOneRetry(first: string[], call: () => Promise<Outcome<unknown>>): Promise<Outcome<unknown>> {
  const outcome = await call();
  first.push(labelOf(outcome));
  if (outcome.ok) return outcome;
  await sleep(RETRY_AFTER_MS);
  return call();
}
