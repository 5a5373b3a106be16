import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { ChaosBookstore } from '../bookstore/chaos-bookstore.js';
import { BookstoreClient, must } from '../client/bookstore-client.js';
import { labelOf, tally } from '../client/outcome.js';
import { Statements } from '../network/statements.js';
import type { TcpLink } from '../network/tcp-link.js';
import { type Finding, type Row, scaled } from '../row.js';
import { until } from '../until.js';

const DEADLINE_MS = 1000;
/** A service hears of a call's end this much later than the caller, at the latest. */
const NEWS_MS = 100;
const STATEMENT_TIMEOUT_MS = 2000;
const SETTINGS = {
  // Far fewer connections than calls, so that most of the calls wait for one.
  DATABASE_POOL_SIZE: '2',
  DATABASE_ACQUIRE_TIMEOUT_MS: '5000',
  DATABASE_STATEMENT_TIMEOUT_MS: String(STATEMENT_TIMEOUT_MS),
  // Else the readiness check would hold one of them.
  READINESS_INTERVAL_MS: '600000',
};

/** How the calls come to their end. */
type Ending = 'deadline' | 'cancel';

/** Row 11: nothing is sent to a database for a call that has ended. */
export const endedCalls: Row = {
  number: 11,
  run: async (lab) => {
    await using bookstore = await lab.start({ links: true, env: SETTINGS });
    const calls = scaled(lab, { test: 20, short: 20, full: 100 });
    const findings: Finding[] = [];
    const endings = scaled<Ending[]>(lab, {
      test: ['cancel'],
      short: ['deadline', 'cancel'],
      full: ['deadline', 'cancel'],
    });
    for (const ending of endings) {
      findings.push(await queuedHere(bookstore, calls, ending), await queuedThere(bookstore, calls, ending));
    }
    findings.push(await withinTransaction(bookstore, scaled(lab, { test: 1, short: 2, full: 20 })));
    findings.push(await runningStatement(bookstore));
    return findings;
  },
};

/** CreateBook of a known author and GetBook, waiting for the book service's own database. */
async function queuedHere(bookstore: ChaosBookstore, calls: number, ending: Ending): Promise<Finding> {
  using client = new BookstoreClient(bookstore.addresses);
  const author = await knownAuthor(client);
  const markers = Array.from({ length: calls }, () => randomUUID());
  return await judge({
    where: 'the service that was called',
    ...{ ending, markers, link: bookstore.links.bookDatabase },
    send: (marker, index, signal) => {
      const settings = { deadlineMs: ending === 'deadline' ? DEADLINE_MS : 10_000, signal };
      if (index % 2 === 0) return client.getBook(marker, settings);
      return client.createBook(author, { title: marker }, settings);
    },
    probe: () => client.createBook(author),
  });
}

/** CreateBook of authors nobody knows, whom the book service asks the author service for. */
async function queuedThere(bookstore: ChaosBookstore, calls: number, ending: Ending): Promise<Finding> {
  using client = new BookstoreClient(bookstore.addresses);
  const authors = await Promise.all(
    Array.from({ length: calls }, async () => must(await client.createAuthor(`${randomUUID()}@example.com`)).id),
  );
  return await judge({
    where: 'the callee',
    ...{ ending, markers: authors, link: bookstore.links.authorDatabase },
    send: (author, _, signal) =>
      client.createBook(author, {}, { deadlineMs: ending === 'deadline' ? DEADLINE_MS : 10_000, signal }),
    probe: () => client.updateAuthor(randomUUID(), 'Nobody'),
  });
}

interface Scenario {
  readonly where: string;
  readonly ending: Ending;
  /** Found in the statements of one call each. */
  readonly markers: readonly string[];
  readonly link: TcpLink;
  send(marker: string, index: number, signal: AbortSignal): ReturnType<BookstoreClient['createBook' | 'getBook']>;
  /** A call that needs a statement of its own on this link. */
  probe(): Promise<unknown>;
}

/** Freezes the database, lets every call end, and looks at what is sent for them once it moves again. */
async function judge({ where, ending, markers, link, send, probe }: Scenario): Promise<Finding> {
  const statements = new Statements(link);
  const cancelling = new AbortController();
  setMaxListeners(0, cancelling.signal);
  await probeAll(probe);
  link.freeze();
  const calls: Array<ReturnType<Scenario['send']>> = [];
  for (const [index, marker] of markers.entries()) {
    calls.push(send(marker, index, cancelling.signal));
    // Reads that come together share a statement: these shall not all.
    await turn();
  }
  await until('a statement for one of the calls', 5000, () =>
    markers.some((marker) => statements.with(marker).length > 0),
  );
  if (ending === 'cancel') cancelling.abort();
  const outcomes = await Promise.all(calls);
  await sleep(NEWS_MS);
  const endedAt = performance.now();
  const sent = markers.filter((marker) => statements.with(marker).length > 0).length;
  link.heal();
  // Each statement that was queued has had its turn once later ones, on every connection, have been answered.
  for (let round = 0; round < 3; round++) await probeAll(probe);
  const late = statements.after(endedAt, markers).length;
  const how = ending === 'deadline' ? "the caller's deadline passes" : 'the caller cancels';
  return {
    fault: `${how} while ${markers.length} calls wait for the database of ${where}`,
    promise: 'no statement for a call that has ended',
    measured: `${late} sent afterwards (${sent} of the calls had one under way; ${tally(outcomes.map(labelOf))})`,
    holds: late === 0,
  };
}

/** Enough at once for every connection to be used. */
const probeAll = (probe: () => Promise<unknown>) => Promise.all(Array.from({ length: 10 }, probe));

/** DeleteAuthor, whose closing takes longer than the caller waits, statement by statement. */
async function withinTransaction(bookstore: ChaosBookstore, deletions: number): Promise<Finding> {
  using client = new BookstoreClient(bookstore.addresses);
  const link = bookstore.links.bookDatabase;
  const statements = new Statements(link);
  let late = 0;
  const outcomes: string[] = [];
  for (let deletion = 0; deletion < deletions; deletion++) {
    const author = await knownAuthor(client);
    link.interfere = async (bytes, direction) => {
      if (direction === 'answer') await sleep(250);
      return bytes;
    };
    outcomes.push(labelOf(await client.deleteAuthor(author, true, { deadlineMs: DEADLINE_MS })));
    await sleep(NEWS_MS);
    const endedAt = performance.now();
    // The recovery worker may take the deletion up by itself after 3 s, for no caller.
    await sleep(1000);
    late += statements.after(endedAt, [author]).length;
    link.heal();
  }
  return {
    fault: `the caller's deadline passes within the callee's transaction, ${deletions} times`,
    promise: 'no statement for a call that has ended, but the rollback',
    measured: `${late} sent afterwards (${tally(outcomes)})`,
    holds: late === 0,
  };
}

/** One that runs already cannot be taken back: PostgreSQL ends it. */
async function runningStatement(bookstore: ChaosBookstore): Promise<Finding> {
  using client = new BookstoreClient(bookstore.addresses);
  const author = await knownAuthor(client);
  const holder = await bookstore.connect('books');
  try {
    await holder.query(`BEGIN; SELECT FROM author_refs WHERE author_id = '${author}' FOR UPDATE`);
    const startedAt = performance.now();
    const outcome = await client.createBook(author, {}, { deadlineMs: DEADLINE_MS });
    const blocked = () =>
      bookstore.query<{ pid: number }>(
        'books',
        "SELECT pid FROM pg_stat_activity WHERE usename = 'book_service' AND wait_event_type = 'Lock'",
      );
    await until('the end of the statement', 10_000, async () => (await blocked()).length === 0);
    const ms = Math.round(performance.now() - startedAt);
    return {
      fault: "the caller's deadline passes while a statement waits for a lock",
      promise: "it ends by the role's statement_timeout (2 s)",
      timed: true,
      measured: `the call ended ${labelOf(outcome)} after ${Math.round(outcome.ms)} ms, the statement after ${ms} ms`,
      holds: ms <= STATEMENT_TIMEOUT_MS + 500,
    };
  } finally {
    await holder.end();
  }
}

async function knownAuthor(client: BookstoreClient): Promise<string> {
  const { id } = must(await client.createAuthor(`${randomUUID()}@example.com`));
  must(await client.createBook(id));
  return id;
}
