import { setTimeout as sleep } from 'node:timers/promises';
import { HealthClient, until } from '@bookstore/sandbox';
import { LIVENESS } from '@bookstore/service-kit';
import { services } from '../../../../scripts/services.mjs';
import type { Bookstore } from '../bookstore/bookstore.js';
import { sharedCompose } from '../bookstore/compose-bookstore.js';
import { sharedWithProxies } from '../bookstore/embedded-bookstore.js';
import { BookstoreClient, labelOf, msUntilOk, must, type Outcome, quantile, tally } from '../client.js';
import type { Run, Scenario } from '../scenario.js';

/** A second after the time that a call may wait for the database. */
const ANSWERED_MS = 3000;
const RECOVERY_MS = 2000;
/** Words of PostgreSQL, its driver, Prisma and Node that no caller should read. */
const INTERNALS = /select|insert|relation|prisma|postgres|econn|127\.0\.0\.1|socket|sql|\bpool\b|\bat .*:\d+/i;
const MESSAGE = 'the database does not answer';

interface Outage {
  readonly fault: string;
  readonly lastsMs: number;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** The databases stop, do not answer, or accept no connection. */
export const databaseOutage: Scenario = {
  name: 'database-outage',
  embedded: async (run) => {
    const bookstore = await sharedWithProxies.get();
    await suffer(run, bookstore, restart(bookstore));
    await suffer(run, bookstore, freeze(bookstore));
    await suffer(run, bookstore, refuseConnections(bookstore));
  },
  compose: async (run) => {
    const bookstore = await sharedCompose.get();
    await suffer(run, bookstore, restart(bookstore));
    await suffer(run, bookstore, freeze(bookstore));
  },
};

const restart = (bookstore: Bookstore): Outage => ({
  fault: 'PostgreSQL restarted',
  // A readiness check that began before may wait for a connection as long as a call does.
  lastsMs: ANSWERED_MS,
  begin: () => bookstore.stopDatabases(),
  end: () => bookstore.startDatabases(),
});

const freeze = (bookstore: Bookstore): Outage => ({
  fault: 'PostgreSQL frozen for 5 s',
  lastsMs: 5000,
  begin: () => bookstore.freezeDatabases(),
  end: () => bookstore.thawDatabases(),
});

function refuseConnections(bookstore: Bookstore): Outage {
  const roles = services.map(({ role }) => role);
  const limit = async (connections: number) => {
    for (const role of roles) {
      await bookstore.query('book-service', `ALTER ROLE ${role} CONNECTION LIMIT ${connections}`);
    }
  };
  return {
    fault: 'all connections refused',
    lastsMs: 2000,
    begin: async () => {
      await limit(0);
      await bookstore.query(
        'book-service',
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('${roles.join("','")}')`,
      );
    },
    end: () => limit(-1),
  };
}

async function suffer(run: Run, bookstore: Bookstore, outage: Outage): Promise<void> {
  using client = new BookstoreClient(bookstore.addresses);
  using authorHealth = new HealthClient(bookstore.addresses.author);
  using bookHealth = new HealthClient(bookstore.addresses.book);
  const health = (name: string) => Promise.all([authorHealth.check(name), bookHealth.check(name)]);
  const author = (await must(client.createAuthor())).id;
  const book = (await must(client.createBook(author))).id;
  const calls: Array<Promise<Outcome>> = [];
  const liveness = new Set<string>();
  let bothUnready = 0;
  await outage.begin();
  for (const endAt = performance.now() + outage.lastsMs; performance.now() < endAt; await sleep(100)) {
    calls.push(client.getAuthor(author), client.createAuthor(), client.updateAuthor(author));
    calls.push(client.getBook(book), client.createBook(author), client.booksOf(author));
    const [live, ready] = await Promise.all([health(LIVENESS), health('')]);
    for (const status of live) liveness.add(status);
    if (ready.every((status) => status === 'NOT_SERVING')) bothUnready++;
  }
  await outage.end();
  const recoveredMs = Math.max(
    ...(await Promise.all([msUntilOk(() => client.createAuthor()), msUntilOk(() => client.createBook(author))])),
  );
  await until('readiness', 30_000, async () => (await health('')).every((status) => status === 'SERVING'));

  const failures = (await Promise.all(calls)).filter((outcome) => !outcome.ok);
  const revealing = failures.filter(({ failure }) => INTERNALS.test(failure.message.replace(MESSAGE, '')));
  const isRunning = await bookstore.isRunning();
  run.say(`${tally(failures.map(labelOf))}; liveness ${[...liveness]}; both unready in ${bothUnready} checks`);
  const isAsPromised = failures.every((outcome) => labelOf(outcome) === 'UNAVAILABLE/DATABASE_UNAVAILABLE');
  const fault = run.fault(outage.fault);
  fault.promise(
    'calls fail with UNAVAILABLE and DATABASE_UNAVAILABLE, and reveal nothing internal',
    failures.length > 0 && isAsPromised && revealing.length === 0,
    `${failures.length} calls UNAVAILABLE`,
  );
  fault.within(ANSWERED_MS, 'answered', quantile(failures, 1));
  fault.within(RECOVERY_MS, 'recovered', recoveredMs);
  fault.promise(
    'processes and liveness stay, readiness goes and comes back',
    isRunning && [...liveness].join() === 'SERVING' && bothUnready > 0,
    isRunning ? 'both processes stayed' : 'a process ended',
  );
}
