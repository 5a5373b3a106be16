import { setTimeout as sleep } from 'node:timers/promises';
import { HealthClient, until } from '@bookstore/sandbox';
import { LIVENESS } from '@bookstore/service-kit';
import { services } from '../../../../scripts/services.mjs';
import type { Bookstore } from '../bookstore/bookstore.js';
import { onContainers } from '../bookstore/compose-bookstore.js';
import { type EmbeddedBookstore, onProcesses } from '../bookstore/embedded-bookstore.js';
import { connect, labelOf, msUntilOk, must, type Outcome, quantile, tally } from '../client.js';
import type { Run, Scenario } from '../scenario.js';

/** A second after the time that a call may wait for the database. */
const ANSWERED_MS = 3000;
const RECOVERY_MS = 2000;
/** Words of PostgreSQL, its driver, Prisma and Node that no caller should read. */
const INTERNALS = /select|insert|relation|prisma|postgres|econn|127\.0\.0\.1|socket|sql|\bpool\b|\bat .*:\d+/i;
const MESSAGE = 'the database does not answer';

interface Outage {
  readonly name: string;
  readonly lastsMs: number;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** The databases stop, do not answer, or accept no connection. */
export const databaseOutage: Scenario = {
  name: 'database-outage',
  embedded: onProcesses({ databaseProxies: true }, (run, bookstore) =>
    sufferAll(run, bookstore, [...outagesOf(bookstore), refusedConnections(bookstore)]),
  ),
  compose: onContainers([], (run, bookstore) => sufferAll(run, bookstore, outagesOf(bookstore))),
};

const outagesOf = ({ databases }: Bookstore): Outage[] => [
  // A readiness check that began before may wait for a connection as long as a call does.
  { name: 'restart', lastsMs: ANSWERED_MS, begin: () => databases.kill(), end: () => databases.start() },
  { name: 'freeze', lastsMs: 5000, begin: () => databases.freeze(), end: () => databases.thaw() },
];

function refusedConnections(bookstore: EmbeddedBookstore): Outage {
  const limit = async (connections: number) => {
    for (const { name, role } of services) {
      await bookstore.query(name, `ALTER ROLE ${role} CONNECTION LIMIT ${connections}`);
      const backends = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`;
      if (connections === 0) await bookstore.query(name, backends);
    }
  };
  return { name: 'refused connections', lastsMs: 2000, begin: () => limit(0), end: () => limit(-1) };
}

async function sufferAll(run: Run, bookstore: Bookstore, outages: readonly Outage[]): Promise<void> {
  const suffered = [];
  for (const outage of outages) suffered.push(await suffer(run, bookstore, outage));
  const failures = suffered.flatMap((each) => each.failures);
  const revealing = failures.filter(({ failure }) => INTERNALS.test(failure.message.replace(MESSAGE, '')));
  run.promise(
    'calls fail with UNAVAILABLE and DATABASE_UNAVAILABLE',
    failures.every((outcome) => labelOf(outcome) === 'UNAVAILABLE/DATABASE_UNAVAILABLE'),
    `${failures.length} calls UNAVAILABLE in ${outages.length} outages`,
  );
  run.promise('failures reveal nothing internal', revealing.length === 0);
  run.promise('no process ended', await bookstore.isRunning());
  run.within(ANSWERED_MS, 'answered', quantile(failures, 1));
  run.within(RECOVERY_MS, 'recovered', Math.max(...suffered.map(({ recoveredMs }) => recoveredMs)));
}

async function suffer(run: Run, bookstore: Bookstore, { name, lastsMs, begin, end }: Outage) {
  using client = connect(bookstore.addresses);
  using authorHealth = new HealthClient(bookstore.addresses.author);
  using bookHealth = new HealthClient(bookstore.addresses.book);
  const health = (name: string) => Promise.all([authorHealth.check(name), bookHealth.check(name)]);
  const author = (await must(client.createAuthor())).id;
  const book = (await must(client.createBook(author))).id;
  const calls: Array<Promise<Outcome>> = [];
  const liveness = new Set<string>();
  let bothUnready = 0;
  await begin();
  for (const endAt = performance.now() + lastsMs; performance.now() < endAt; await sleep(100)) {
    calls.push(client.getAuthor(author), client.createAuthor(), client.updateAuthor(author));
    calls.push(client.getBook(book), client.createBook(author), client.booksOf(author));
    const [live, ready] = await Promise.all([health(LIVENESS), health('')]);
    for (const status of live) liveness.add(status);
    if (ready.every((status) => status === 'NOT_SERVING')) bothUnready++;
  }
  await end();
  const recovered = [msUntilOk(() => client.createAuthor()), msUntilOk(() => client.createBook(author))];
  const recoveredMs = Math.max(...(await Promise.all(recovered)));
  await until('readiness', 30_000, async () => (await health('')).every((status) => status === 'SERVING'));
  const failures = (await Promise.all(calls)).filter((outcome) => !outcome.ok);
  run.say(`${name}: ${tally(failures.map(labelOf))}; liveness ${[...liveness]}; unready in ${bothUnready} checks`);
  run.promise(`${name}: calls fail`, failures.length > 0);
  run.promise(`${name}: liveness stays`, [...liveness].join() === 'SERVING');
  run.promise(`${name}: readiness goes and comes back`, bothUnready > 0);
  return { failures, recoveredMs };
}
