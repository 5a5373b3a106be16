import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { HealthClient, until } from '@bookstore/sandbox';
import { LIVENESS } from '@bookstore/service-kit';
import type { ChaosBookstore, FaultyBookstore } from '../bookstore/chaos-bookstore.js';
import { BookstoreClient, must } from '../client/bookstore-client.js';
import { labelOf, type Outcome, tally } from '../client/outcome.js';
import { untilOk } from '../client/probe.js';
import { ComposeBookstore } from '../compose/compose-bookstore.js';
import { type Finding, type Lab, type Row, scaled } from '../row.js';

/** How long a call may take to be told, ms: the pool's limit of 2000 and a second. */
const POOL_LIMIT_MS = 2000;
const TOLD_MS = POOL_LIMIT_MS + 1000;
const RECOVERY_MS = 2000;
const STANDSTILL_MS = { test: 3000, short: 5000, full: 5000 };
/** Words of PostgreSQL, of its driver and of Prisma that no caller should read. */
const INTERNALS = /select|insert|relation|prisma|postgres|econn|127\.0\.0\.1|socket|sql|\bpool\b|\bat .*:\d+/i;

/** Row 8: the database goes away, stands still, or is full. */
export const databaseTrouble: Row = {
  number: 8,
  run: async (lab) => {
    await using bookstore = await lab.start({ links: true });
    const findings: Finding[] = [];
    findings.push(...(await restarted(bookstore)));
    findings.push(...(await frozen(bookstore, lab)));
    findings.push(...(await full(bookstore)));
    return findings;
  },
};

/** Row 8 on containers: the engine restarts and freezes the databases' own. */
export const databaseContainersTrouble: Row = {
  number: 8,
  run: async (lab) => {
    await using bookstore = await ComposeBookstore.start();
    const lastsMs = scaled(lab, STANDSTILL_MS);
    return [
      ...(await restarted(bookstore)),
      ...(await trouble(bookstore, `the databases' containers are paused for ${lastsMs / 1000} s`, {
        begin: () => bookstore.pauseDatabases(),
        end: () => bookstore.resumeDatabases(),
        lastsMs,
      })),
    ];
  },
};

async function restarted(bookstore: FaultyBookstore): Promise<Finding[]> {
  return trouble(bookstore, 'PostgreSQL is restarted', {
    begin: () => bookstore.database.stop(),
    end: () => bookstore.database.start(),
    // A look of readiness that began as the database went may wait for a connection as long as a call does.
    lastsMs: TOLD_MS,
  });
}

async function frozen(bookstore: ChaosBookstore, lab: Lab): Promise<Finding[]> {
  const links = [bookstore.links.authorDatabase, bookstore.links.bookDatabase];
  const lastsMs = scaled(lab, STANDSTILL_MS);
  return trouble(bookstore, `PostgreSQL stands still for ${lastsMs / 1000} s`, {
    begin: async () => {
      for (const link of links) link.freeze();
    },
    end: async () => {
      for (const link of links) link.heal();
    },
    lastsMs,
  });
}

/** Every connection that the services may have is refused, and those that they have are ended. */
async function full(bookstore: ChaosBookstore): Promise<Finding[]> {
  const roles = ['author_service', 'book_service'];
  const limit = async (connections: number) => {
    for (const role of roles) await bookstore.query('books', `ALTER ROLE ${role} CONNECTION LIMIT ${connections}`);
  };
  return trouble(bookstore, "PostgreSQL's connections are used up", {
    begin: async () => {
      await limit(0);
      await bookstore.query(
        'books',
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('${roles.join("','")}')`,
      );
    },
    end: () => limit(-1),
    lastsMs: 2000,
  });
}

interface Trouble {
  begin(): Promise<void>;
  end(): Promise<void>;
  readonly lastsMs: number;
}

async function trouble(
  bookstore: FaultyBookstore,
  fault: string,
  { begin, end, lastsMs }: Trouble,
): Promise<Finding[]> {
  using client = new BookstoreClient(bookstore.addresses);
  using authorHealth = new HealthClient(bookstore.addresses.author);
  using bookHealth = new HealthClient(bookstore.addresses.book);
  const author = must(await client.createAuthor(`${randomUUID()}@example.com`)).id;
  const book = must(await client.createBook(author)).id;
  const calls = [
    () => client.getAuthor(author),
    () => client.getBook(book),
    () => client.createBook(author),
    () => client.createAuthor(`${randomUUID()}@example.com`),
    () => client.booksOf(author),
    () => client.updateAuthor(author, 'Somebody else'),
  ];
  await begin();
  const endAt = performance.now() + lastsMs;
  const underWay: Array<Promise<Outcome<unknown>>> = [];
  const liveness = new Set<string>();
  let unready = 0;
  while (performance.now() < endAt) {
    for (const call of calls) underWay.push(call());
    const [authorLives, bookLives, authorReady, bookReady] = await Promise.all([
      authorHealth.check(LIVENESS),
      bookHealth.check(LIVENESS),
      authorHealth.check(''),
      bookHealth.check(''),
    ]);
    liveness.add(authorLives).add(bookLives);
    if (authorReady === 'NOT_SERVING' && bookReady === 'NOT_SERVING') unready++;
    await sleep(100);
  }
  await end();
  const healedMs = Math.max(
    ...(await Promise.all([
      untilOk(30_000, () => client.createAuthor(`${randomUUID()}@example.com`)),
      untilOk(30_000, () => client.createBook(author)),
    ])),
  );
  const readyMs = await timed(() =>
    until(
      'readiness',
      30_000,
      async () => (await authorHealth.check('')) === 'SERVING' && (await bookHealth.check('')) === 'SERVING',
    ),
  );
  const outcomes = await Promise.all(underWay);
  return judge(fault, outcomes, liveness, unready, await bookstore.running(), healedMs, readyMs);
}

function judge(
  fault: string,
  outcomes: readonly Outcome<unknown>[],
  liveness: ReadonlySet<string>,
  unready: number,
  running: boolean,
  healedMs: number,
  readyMs: number,
): Finding[] {
  const failures = outcomes.filter((outcome) => !outcome.ok);
  const strange = failures.filter((outcome) => labelOf(outcome) !== 'UNAVAILABLE/DATABASE_UNAVAILABLE');
  const telling = failures.filter(
    (outcome) => !outcome.ok && INTERNALS.test(outcome.details.replace('the database does not answer', '')),
  );
  const slowest = Math.round(Math.max(0, ...failures.map(({ ms }) => ms)));
  return [
    {
      fault,
      promise: 'UNAVAILABLE, never INTERNAL, no SQL text',
      measured: `${tally(failures.map(labelOf))}; ${telling.length} tell internals`,
      holds: failures.length > 0 && strange.length + telling.length === 0,
    },
    {
      fault,
      promise: `told within 1 s after the pool's limit (${POOL_LIMIT_MS} ms)`,
      timed: true,
      measured: `the slowest after ${slowest} ms`,
      holds: slowest <= TOLD_MS,
    },
    {
      fault,
      promise: 'recovery within 2 s',
      timed: true,
      measured: `${Math.round(healedMs)} ms, ready again ${Math.round(readyMs)} ms later`,
      holds: healedMs <= RECOVERY_MS,
    },
    {
      fault,
      promise: 'the process and its liveness stay, readiness goes and comes back',
      measured: `liveness ${[...liveness].join(', ')}; both unready in ${unready} looks; ${running ? 'both run' : 'a process ended'}`,
      holds: running && liveness.size === 1 && liveness.has('SERVING') && unready > 0,
    },
  ];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
