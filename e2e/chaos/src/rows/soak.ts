import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '@bookstore/sandbox';
import type { ChaosBookstore, Memory } from '../bookstore/chaos-bookstore.js';
import { growth } from '../bookstore/growth.js';
import { findOrphans } from '../bookstore/orphans.js';
import { BookstoreClient, must } from '../client/bookstore-client.js';
import { untilOk } from '../client/probe.js';
import { Ledger } from '../load/ledger.js';
import { MixedCalls, served } from '../load/mixed-calls.js';
import { SteadyLoad } from '../load/steady-load.js';
import { Random } from '../random.js';
import { type Row, scaled } from '../row.js';

const PER_SECOND = 50;
const FAULT_MS = 2000;
const FLAT_FILES = 10;
/** More than a pool has connections. */
const WRITES_AT_ONCE = 50;
const HEALED_WITHIN_MS = 30_000;

/** What each process holds. */
interface Holding {
  readonly memory: Memory;
  readonly files: number;
}

/** Row 16: minutes of load with a fault now and then, none of which ends a process. */
export const soak: Row = {
  number: 16,
  run: async (lab) => {
    await using bookstore = await lab.start({ links: true });
    using client = new BookstoreClient(bookstore.addresses);
    const random = new Random(lab.seed);
    const ledger = new Ledger();
    await using load = new SteadyLoad(new MixedCalls(client, ledger), PER_SECOND, random.fork());
    const rounds = scaled(lab, { test: 1, short: 1, full: 15 });
    const everyMs = scaled(lab, { test: 3000, short: 4000, full: 20_000 });
    // The first round warms the processes up, and then both pools are filled: what is opened later is too much.
    await round(bookstore, random, everyMs);
    await writeAtOnce(client);
    const before = await holdings(bookstore);
    for (let number = 0; number < rounds; number++) await round(bookstore, random, everyMs);
    const calls = await load.stop();
    await until('nothing DELETING', HEALED_WITHIN_MS, async () => (await findOrphans(bookstore)).deleting === 0);
    const after = await holdings(bookstore);
    const { orphans } = await findOrphans(bookstore);
    const lost = await ledger.findLost(bookstore);
    const unhandled = bookstore.log.filter((line) => /unhandled|uncaught/i.test(line)).length;
    const running = await bookstore.running();
    const grown = after.map(({ memory, files }, index) => {
      const earlier = before[index] as Holding;
      return { memory: growth(earlier.memory, memory), files: files - earlier.files };
    });
    const share = calls.filter(({ outcome }) => served(outcome)).length / calls.length;
    const fault = `${Math.round((rounds * everyMs) / 1000)} s of ${PER_SECOND} calls/s, a fault every ${everyMs / 1000} s`;
    return [
      {
        fault,
        promise: 'memory and descriptors flat',
        measured: grown.map(({ memory, files }) => `${memory.text}, ${files} descriptors more`).join('; '),
        holds: grown.every(({ memory, files }) => memory.flat && files <= FLAT_FILES),
      },
      {
        fault,
        promise: '0 unhandled rejections, 0 orphans, 0 acknowledged writes lost',
        measured: `${unhandled} unhandled, ${running ? 'both run' : 'a process ended'}; ${orphans} orphans, ${lost.length} of ${ledger.size} lost; ${(share * 100).toFixed(1)} % of ${calls.length} calls served`,
        holds: running && unhandled + orphans + lost.length === 0,
      },
    ];
  },
};

async function round(bookstore: ChaosBookstore, random: Random, everyMs: number): Promise<void> {
  const startedAt = performance.now();
  const { authorDatabase, bookDatabase, toAuthors, toBooks } = bookstore.links;
  const link = random.pick([authorDatabase, bookDatabase, toAuthors, toBooks]);
  const service = random.pick(Object.values(bookstore.services));
  switch (random.below(4)) {
    case 0:
      link.freeze();
      await sleep(FAULT_MS);
      break;
    case 1:
      link.sever();
      await sleep(FAULT_MS);
      break;
    case 2:
      await service.freeze();
      await sleep(FAULT_MS);
      await service.thaw();
      break;
    default:
      await bookstore.database.stop();
      await bookstore.database.start();
  }
  link.heal();
  await sleep(Math.max(0, everyMs - (performance.now() - startedAt)));
}

async function writeAtOnce(client: BookstoreClient): Promise<void> {
  const newAuthor = () => client.createAuthor(`${randomUUID()}@example.com`);
  await untilOk(HEALED_WITHIN_MS, newAuthor);
  const author = must(await newAuthor()).id;
  await untilOk(HEALED_WITHIN_MS, () => client.createBook(author));
  const times = Array.from({ length: WRITES_AT_ONCE });
  await Promise.all([...times.map(newAuthor), ...times.map(() => client.createBook(author))]);
}

function holdings(bookstore: ChaosBookstore): Promise<Holding[]> {
  return Promise.all(
    Object.values(bookstore.services).map(async (service) => ({
      memory: await service.memory(),
      files: (await service.openFiles()) ?? 0,
    })),
  );
}
