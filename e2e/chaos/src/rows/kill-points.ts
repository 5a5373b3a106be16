import { randomUUID } from 'node:crypto';
import { until } from '@bookstore/sandbox';
import { CRASHED } from '@bookstore/service-kit';
import type { ChaosBookstore, ServiceName } from '../bookstore/chaos-bookstore.js';
import { findOrphans } from '../bookstore/orphans.js';
import { BookstoreClient, must } from '../client/bookstore-client.js';
import { Ledger } from '../load/ledger.js';
import { MixedCalls } from '../load/mixed-calls.js';
import { Random } from '../random.js';
import { type Finding, type Row, scaled } from '../row.js';

const CLIENTS = 8;
/** Mixed calls get to every step well within this. */
const REACHED_WITHIN_MS = 20_000;
const SETTLED_WITHIN_MS = 5000;
/** Beyond the promise, so that a broken one can be measured. */
const GIVE_UP_MS = 60_000;

const POINTS: ReadonlyArray<readonly [ServiceName, string]> = [
  ['book-service', 'create-book.received'],
  ['book-service', 'create-book.inserted'],
  ['book-service', 'create-book.no-reference'],
  ['book-service', 'create-book.author-found'],
  ['book-service', 'create-book.reference-added'],
  ['book-service', 'create-book.inserted-with-reference'],
  ['author-service', 'delete-author.begun'],
  ['book-service', 'close-author.tombstone'],
  ['book-service', 'close-author.locked'],
  ['book-service', 'close-author.counted'],
  ['book-service', 'close-author.buried'],
  ['book-service', 'close-author.recorded'],
  ['book-service', 'close-author.committed'],
  ['author-service', 'delete-author.decided'],
  ['author-service', 'delete-author.finished'],
  ['author-service', 'delete-author.undone'],
  ['author-service', 'recover-deletion.claimed'],
];
/** In the middle of a create, and between the two databases of a deletion. */
const FEW = ['create-book.reference-added', 'delete-author.decided'];

interface Crash {
  readonly point: string;
  /** From both services serving again to nothing DELETING, ms. */
  readonly settledMs: number;
}

/** Row 2: a crash at each named step of CreateBook and DeleteAuthor. */
export const killPoints: Row = {
  number: 2,
  run: async (lab) => {
    await using bookstore = await lab.start();
    const random = new Random(lab.seed);
    const ledger = new Ledger();
    const points = POINTS.filter(([, point], index) =>
      scaled(lab, { test: FEW.includes(point), short: index % 8 === 1, full: true }),
    );
    const times = scaled(lab, { test: 1, short: 1, full: 20 });
    const crashes: Crash[] = [];
    for (const [service, point] of points) {
      for (let time = 0; time < times; time++) crashes.push(await crash(bookstore, ledger, service, point, random));
      const slowest = Math.max(...crashes.slice(-times).map(({ settledMs }) => settledMs));
      lab.say(`  ${point}: ${times} crashes, settled after at most ${Math.round(slowest)} ms`);
    }
    return await judge(bookstore, ledger, points.length, crashes);
  },
};

async function judge(
  bookstore: ChaosBookstore,
  ledger: Ledger,
  points: number,
  crashes: readonly Crash[],
): Promise<Finding[]> {
  const { orphans } = await findOrphans(bookstore);
  const lost = await ledger.findLost(bookstore);
  const slowest = crashes.reduce((worst, crash) => (crash.settledMs > worst.settledMs ? crash : worst));
  const late = crashes.filter(({ settledMs }) => settledMs > SETTLED_WITHIN_MS).length;
  const fault = `the process ends at each of ${points} steps of CreateBook and DeleteAuthor, ${crashes.length} times in all`;
  return [
    { fault, promise: '0 orphans', measured: `${orphans}`, holds: orphans === 0 },
    {
      fault,
      promise: 'every acknowledged write is there',
      measured: `${lost.length} of ${ledger.size} lost${lost
        .slice(0, 3)
        .map((line) => `; ${line}`)
        .join('')}`,
      holds: lost.length === 0,
    },
    {
      fault,
      promise: 'nothing DELETING 5 s after both serve again',
      timed: true,
      measured: `${late} times later; at most ${(slowest.settledMs / 1000).toFixed(1)} s (${slowest.point})`,
      holds: late === 0,
    },
  ];
}

/** One crash under load, the restart, and the time until every deletion is decided. */
async function crash(
  bookstore: ChaosBookstore,
  ledger: Ledger,
  service: ServiceName,
  point: string,
  random: Random,
): Promise<Crash> {
  const control = bookstore.services[service];
  const recovering = point.startsWith('recover-deletion.');
  if (recovering) await leaveDeletionBehind(bookstore);
  await control.kill();
  // The step may come before the service is seen to serve: that is no failed start.
  const starting = control.start({ FAIL_POINT: `${point}:${recovering ? 1 : 1 + random.below(3)}` }).catch(() => {});
  const ended = control.ended();
  await Promise.race([starting, ended]);
  await loadUntil(ended, bookstore, ledger, point, random);
  const status = await ended;
  if (status !== CRASHED) throw new Error(`the ${service} ended with status ${status} instead of at ${point}`);
  await control.start();
  const servingAt = performance.now();
  await until('nothing DELETING', GIVE_UP_MS, async () => (await findOrphans(bookstore)).deleting === 0);
  return { point, settledMs: performance.now() - servingAt };
}

async function loadUntil(
  ended: Promise<unknown>,
  bookstore: ChaosBookstore,
  ledger: Ledger,
  point: string,
  random: Random,
): Promise<void> {
  let over = false;
  const stop = () => {
    over = true;
  };
  ended.then(stop);
  const giveUpAt = performance.now() + REACHED_WITHIN_MS;
  using client = new BookstoreClient(bookstore.addresses);
  const calls = new MixedCalls(client, ledger);
  await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const draw = random.fork();
      while (!over && performance.now() < giveUpAt) await calls.next(draw);
    }),
  );
  if (!over) throw new Error(`no call came to ${point} within ${REACHED_WITHIN_MS} ms`);
}

/** As a crash right after the mark would. */
async function leaveDeletionBehind(bookstore: ChaosBookstore): Promise<void> {
  using client = new BookstoreClient(bookstore.addresses);
  const { id } = must(await client.createAuthor(`${randomUUID()}@example.com`));
  await bookstore.query(
    'authors',
    `UPDATE authors SET state = 'DELETING', delete_op_id = gen_random_uuid(), delete_force = false,
            delete_next_try_at = now() WHERE id = '${id}'`,
  );
}
