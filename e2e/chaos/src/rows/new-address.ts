import { randomUUID } from 'node:crypto';
import { until } from '@bookstore/sandbox';
import { BookstoreClient, must } from '../client/bookstore-client.js';
import { repeatWhile } from '../client/probe.js';
import { ClientContainer } from '../compose/client-container.js';
import { ComposeBookstore } from '../compose/compose-bookstore.js';
import { takeAddress } from '../compose/take-address.js';
import type { Finding, Row } from '../row.js';

const RECOVERY_MS = 3000;
/** Within which stock settings have found the service again, too, or never do. */
const STOCK_RECOVERY_MS = 45_000;

/** Row 4 where there is no network whose addresses change. */
export const newAddressNeedsContainers: Row = {
  number: 4,
  run: async () => [
    {
      fault: 'a service recreated with a new address',
      promise: 'calls recover within 3 s',
      measured: 'needs containers: npm run chaos -- --target compose',
      holds: undefined,
    },
  ],
};

/** Row 4: the author service's container is replaced by one with another address. */
export const newAddress: Row = {
  number: 4,
  run: async () => {
    await using bookstore = await ComposeBookstore.start();
    using client = new BookstoreClient(bookstore.addresses);
    // Of an author without books the book service knows nothing: each of these calls asks the author service.
    const author = must(await client.createAuthor(`${randomUUID()}@example.com`)).id;
    must(await client.booksOf(author));
    const kit = await probing(bookstore, 'kit');
    const stock = await probing(bookstore, 'stock');

    let going = true;
    const asked: { begunAt: number; answered: boolean }[] = [];
    const asking = repeatWhile(
      () => going,
      async () => {
        const begunAt = Date.now();
        const outcome = await client.booksOf(author, { deadlineMs: 1000 });
        asked.push({ begunAt, answered: outcome.ok });
        return outcome;
      },
    );
    const moved = await takeAddress(bookstore, 'author-service');
    const servingAt = Date.now();
    try {
      await until('the book service reaches the author service', STOCK_RECOVERY_MS, () => isBack(asked, servingAt));
      for (const one of [kit, stock]) {
        await until('a client in the network reaches the author service', STOCK_RECOVERY_MS, async () =>
          isBack(await one.lines<Probe>(), servingAt),
        );
      }
    } finally {
      going = false;
      await asking;
    }
    const fault = `the author service recreated, ${moved.before} → ${moved.after}`;
    return [
      finding(fault, 'calls of the book service recover', asked, servingAt),
      finding(fault, 'calls of a client in the network recover', await kit.lines<Probe>(), servingAt),
      {
        fault: `${fault}: a client with grpc-js's stock settings`,
        promise: 'for comparison',
        measured: `${recoveredAfter(await stock.lines<Probe>(), servingAt)} ms`,
        holds: undefined,
      },
    ];
  },
};

interface Probe {
  readonly begunAt: number;
  readonly answered: boolean;
}

async function probing(bookstore: ComposeBookstore, channel: 'kit' | 'stock'): Promise<ClientContainer> {
  const client = await ClientContainer.start(bookstore, 'e2e/chaos/src/compose/probing-client.mjs', {
    CHANNEL: channel,
  });
  await until('the client in the network is answered', 10_000, async () =>
    (await client.lines<Probe>()).some(({ answered }) => answered),
  );
  return client;
}

/** The first call that was answered after all that were not; 0 when none failed. */
function recoveredAfter(probes: readonly Probe[], servingAt: number): number {
  const since = probes.filter(({ begunAt }) => begunAt >= servingAt);
  const lastFailed = since.findLastIndex(({ answered }) => !answered);
  return lastFailed < 0 ? 0 : (since[lastFailed + 1]?.begunAt ?? Number.POSITIVE_INFINITY) - servingAt;
}

/** Whether there has been an answer to a call that began when the service was back. */
const isBack = (probes: readonly Probe[], servingAt: number): boolean =>
  probes.some(({ begunAt, answered }) => answered && begunAt >= servingAt);

function finding(fault: string, what: string, probes: readonly Probe[], servingAt: number): Finding {
  const ms = recoveredAfter(probes, servingAt);
  const failed = probes.filter(({ answered }) => !answered).length;
  return {
    fault,
    promise: `${what} within 3 s of serving again`,
    timed: true,
    measured: `${ms} ms (${failed} of ${probes.length} calls failed in all)`,
    holds: ms <= RECOVERY_MS,
  };
}
