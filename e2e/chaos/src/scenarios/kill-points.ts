import { CRASHED } from '@bookstore/service-kit';
import { atOnce } from '../at-once.js';
import { type EmbeddedBookstore, lendEmbedded } from '../bookstore/embedded-bookstore.js';
import { connect, must } from '../client.js';
import { MixedCalls } from '../mixed-calls.js';
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
  embedded: (run) =>
    lendEmbedded(async (bookstore) => {
      const calls = new MixedCalls();
      // The first two: in the middle of a create, and between the two databases of a deletion.
      const points = POINTS.slice(0, run.amount(2, POINTS.length));
      const settledMs: number[] = [];
      for (let round = run.amount(1, 2); round > 0; round--) {
        for (const [service, point] of points) {
          settledMs.push(await crashAt(bookstore, calls, service, point));
          run.say(`${point}: settled after ${Math.round(settledMs.at(-1) as number)} ms`);
        }
      }
      await calls.check(run, bookstore);
      run.within(SETTLED_WITHIN_MS, `${settledMs.length} crashes, settled`, Math.max(...settledMs));
    }),
};

/** Returns the time from both services serving again to the end of all pending deletions, ms. */
async function crashAt(
  bookstore: EmbeddedBookstore,
  calls: MixedCalls,
  service: string,
  point: string,
): Promise<number> {
  const isRecovery = point.startsWith('recover-deletion.');
  if (isRecovery) await leaveDeletionPending(bookstore);
  const replica = bookstore.service(service);
  await replica.kill();
  // A step that comes before the service is seen to serve is no failed start.
  const starting = replica.start({ FAIL_POINT: `${point}:${isRecovery ? 1 : 1 + below(3)}` }).catch(() => {});
  await Promise.race([starting, replica.exited()]);
  await loadUntilCrash(bookstore, calls, service, point);
  const how = await replica.exited();
  if (how !== `with status ${CRASHED}`) throw new Error(`the ${service} ended ${how} instead of at ${point}`);
  await replica.start();
  const servingAt = performance.now();
  await bookstore.untilSettled();
  return performance.now() - servingAt;
}

async function loadUntilCrash(bookstore: EmbeddedBookstore, calls: MixedCalls, service: string, point: string) {
  using client = connect(bookstore.addresses);
  const replica = bookstore.service(service);
  const endAt = performance.now() + REACHED_WITHIN_MS;
  await atOnce(CLIENTS, CLIENTS, async () => {
    while (replica.isRunning && performance.now() < endAt) await calls.next(client);
  });
  if (replica.isRunning) throw new Error(`the step ${point} is not reached`);
}

/** As a crash between the mark and the call to the book service does. */
async function leaveDeletionPending(bookstore: EmbeddedBookstore): Promise<void> {
  using client = connect(bookstore.addresses);
  const { id } = await must(client.createAuthor());
  await bookstore.query(
    'author-service',
    `UPDATE authors SET state = 'DELETING', delete_op_id = gen_random_uuid(), delete_force = false,
            delete_next_try_at = now() WHERE id = '${id}'`,
  );
}
