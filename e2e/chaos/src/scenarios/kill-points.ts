import { until } from '@bookstore/sandbox';
import { CRASHED } from '@bookstore/service-kit';
import { type EmbeddedBookstore, sharedEmbedded } from '../bookstore/embedded-bookstore.js';
import { BookstoreClient, must } from '../client.js';
import { Ledger, untilSettled } from '../ledger.js';
import { MixedCalls } from '../load.js';
import { below } from '../random.js';
import type { Scenario } from '../scenario.js';

const CLIENTS = 8;
/** Mixed calls get to each step sooner. */
const REACHED_WITHIN_MS = 20_000;
/** After both services serve again. */
const SETTLED_WITHIN_MS = 5000;

const POINTS: ReadonlyArray<readonly [service: string, point: string]> = [
  ['book-service', 'create-book.reference-added'],
  ['author-service', 'delete-author.decided'],
  ['book-service', 'create-book.received'],
  ['book-service', 'create-book.inserted'],
  ['book-service', 'create-book.no-reference'],
  ['book-service', 'create-book.author-found'],
  ['book-service', 'create-book.inserted-with-reference'],
  ['author-service', 'delete-author.begun'],
  ['book-service', 'close-author.tombstone'],
  ['book-service', 'close-author.locked'],
  ['book-service', 'close-author.counted'],
  ['book-service', 'close-author.buried'],
  ['book-service', 'close-author.recorded'],
  ['book-service', 'close-author.committed'],
  ['author-service', 'delete-author.finished'],
  ['author-service', 'delete-author.undone'],
  ['author-service', 'recover-deletion.claimed'],
];

/** A crash at each named step of CreateBook and DeleteAuthor, under load. */
export const killPoints: Scenario = {
  name: 'kill-points',
  embedded: async (run) => {
    const bookstore = await sharedEmbedded.get();
    const ledger = new Ledger();
    // The first two: in the middle of a create, and between the two databases of a deletion.
    const points = POINTS.slice(0, run.amount(2, POINTS.length));
    const settledMs: number[] = [];
    for (const [service, point] of points) {
      for (let time = 0; time < run.amount(1, 20); time++) {
        settledMs.push(await crashAt(bookstore, ledger, service, point));
      }
      run.say(`${point}: settled after at most ${Math.round(Math.max(...settledMs))} ms so far`);
    }
    const fault = run.fault(`${settledMs.length} crashes at ${points.length} steps`);
    await ledger.check(fault, bookstore);
    fault.within(SETTLED_WITHIN_MS, 'all deletions settled', Math.max(...settledMs));
  },
};

/** Returns the time from both services serving again to the end of all pending deletions, ms. */
async function crashAt(bookstore: EmbeddedBookstore, ledger: Ledger, service: string, point: string): Promise<number> {
  const isRecovery = point.startsWith('recover-deletion.');
  if (isRecovery) await leaveDeletionPending(bookstore);
  const replica = bookstore.service(service);
  await replica.kill();
  // A step that comes before the service is seen to serve is no failed start.
  const starting = replica.start({ FAIL_POINT: `${point}:${isRecovery ? 1 : 1 + below(3)}` }).catch(() => {});
  const exited = replica.exited();
  await Promise.race([starting, exited]);
  await loadUntil(exited, bookstore, ledger, point);
  const how = await exited;
  if (how !== `with status ${CRASHED}`) throw new Error(`the ${service} ended ${how} instead of at ${point}`);
  await replica.start();
  const servingAt = performance.now();
  await untilSettled(bookstore);
  return performance.now() - servingAt;
}

async function loadUntil(
  exited: Promise<unknown>,
  bookstore: EmbeddedBookstore,
  ledger: Ledger,
  point: string,
): Promise<void> {
  let isOver = false;
  exited.then(() => {
    isOver = true;
  });
  using client = new BookstoreClient(bookstore.addresses);
  const calls = new MixedCalls(client, ledger);
  const isReached = until(`the step ${point}`, REACHED_WITHIN_MS, () => isOver).finally(() => {
    isOver = true;
  });
  const work = async () => {
    while (!isOver) await calls.next();
  };
  await Promise.all([isReached, ...Array.from({ length: CLIENTS }, work)]);
}

/** As a crash between the mark and the call to the book service does. */
async function leaveDeletionPending(bookstore: EmbeddedBookstore): Promise<void> {
  using client = new BookstoreClient(bookstore.addresses);
  const { id } = await must(client.createAuthor());
  await bookstore.query(
    'author-service',
    `UPDATE authors SET state = 'DELETING', delete_op_id = gen_random_uuid(), delete_force = false,
            delete_next_try_at = now() WHERE id = '${id}'`,
  );
}
