import { atOnce } from '@bookstore/sandbox';
import { CRASHED } from '@bookstore/service-kit';
import { type EmbeddedBookstore, onProcesses } from '../bookstore/embedded-bookstore.js';
import type { Replica } from '../bookstore/replica.js';
import { type BookstoreClient, connect, must } from '../client.js';
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
  embedded: onProcesses({}, async (run, bookstore) => {
    const calls = new MixedCalls();
    // The first two: in the middle of a create, and between the two databases of a deletion.
    const points = [...POINTS, ...POINTS].slice(0, run.amount(2, 2 * POINTS.length));
    const settledMs: number[] = [];
    for (const [name, point] of points) {
      const service = bookstore.service(name);
      const isRecovery = point === 'recover-deletion.claimed';
      if (isRecovery) {
        using client = connect(bookstore.addresses);
        // No other call is about this author: its deletion is pending until the recovery.
        const { id } = await must(client.createAuthor());
        await crashAt('delete-author.begun:1', bookstore, service, (caller) => caller.deleteAuthor(id, false));
      }
      await crashAt(`${point}:${isRecovery ? 1 : 1 + below(3)}`, bookstore, service, (caller) => calls.next(caller));
      await service.start();
      const servingAt = performance.now();
      await bookstore.untilSettled();
      settledMs.push(performance.now() - servingAt);
      run.say(`${point}: settled after ${Math.round(settledMs.at(-1) as number)} ms`);
    }
    await calls.check(run, bookstore);
    run.within(SETTLED_WITHIN_MS, `${settledMs.length} crashes, settled`, Math.max(...settledMs));
  }),
};

/** @param point with how many times the service gets to it */
async function crashAt(
  point: string,
  { addresses }: EmbeddedBookstore,
  service: Replica,
  call: (client: BookstoreClient) => Promise<unknown>,
): Promise<void> {
  await service.kill();
  // A step that comes before the service is seen to serve is no failed start.
  await service.start({ FAIL_POINT: point }).catch(() => {});
  using client = connect(addresses);
  const endAt = performance.now() + REACHED_WITHIN_MS;
  await atOnce(CLIENTS, CLIENTS, async () => {
    while (service.process?.running && performance.now() < endAt) await call(client);
  });
  const how = service.process?.running ? 'does not end' : `ends ${await service.process?.exited}`;
  if (how !== `ends with status ${CRASHED}`) throw new Error(`the ${service.ports.name} ${how} at ${point}`);
}
