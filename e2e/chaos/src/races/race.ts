import { setImmediate as turn } from 'node:timers/promises';
import { type BookstoreClient, must } from '../client/bookstore-client.js';
import type { Operation } from '../linearizability/operation.js';
import type { Random } from '../random.js';
import { RecordedCalls } from './recorded-calls.js';

/** What several clients did with one author at once. */
export interface Race {
  readonly calls: RecordedCalls;
  /** Times that GetAuthor or ListAuthors showed an author after a DeleteAuthor was answered OK. */
  readonly ghosts: number;
  /** CreateBooks that were under way at the same time as a DeleteAuthor. */
  readonly races: number;
}

/**
 * Lets these clients create, read and delete books of one new author while some of them delete the author. Half of the
 * authors are known to the book service before, some of them without a book. Now and then one is left as it is.
 */
export async function race(clients: readonly BookstoreClient[], email: string, random: Random): Promise<Race> {
  const [first] = clients as [BookstoreClient];
  const author = must(await first.createAuthor(email));
  const calls = new RecordedCalls(author.id);
  if (random.chance(0.5)) {
    const book = await calls.createBook(first);
    if (random.chance(0.5)) await calls.deleteBook(first, book);
  }
  const deleters = 1 + random.below(2);
  const ghosts = await Promise.all(
    clients.map((client, index) => {
      const own = random.fork();
      return index < deleters ? removeAuthor(client, calls, own) : workWithBooks(client, calls, own).then(() => 0);
    }),
  );
  await lookAtEverything(first, calls);
  if (!random.chance(0.02)) {
    await calls.deleteAuthor(first, true);
    await lookAtEverything(first, calls);
  }
  return { calls, ghosts: ghosts.reduce((sum, count) => sum + count, 0), races: countRaces(calls.history.operations) };
}

async function removeAuthor(client: BookstoreClient, calls: RecordedCalls, random: Random): Promise<number> {
  await severalTurns(random);
  let ghosts = 0;
  for (let attempt = 0; attempt < 2; attempt++) {
    if (!(await calls.deleteAuthor(client, random.chance(0.4)))) continue;
    const [seen, listed] = await Promise.all([client.getAuthor(calls.authorId), client.listAuthors()]);
    if (seen.ok) ghosts++;
    if (listed.ok && listed.response.authors.some(({ id }) => id === calls.authorId)) ghosts++;
  }
  return ghosts;
}

async function workWithBooks(client: BookstoreClient, calls: RecordedCalls, random: Random): Promise<void> {
  await severalTurns(random);
  for (let attempt = 0; attempt < 2; attempt++) {
    const book = await calls.createBook(client);
    const next = random.below(4);
    if (next === 0) await calls.getBook(client, book);
    if (next === 1 && calls.ids.has(book)) await calls.deleteBook(client, book);
    if (next === 2) await calls.listBooks(client);
  }
}

async function lookAtEverything(client: BookstoreClient, calls: RecordedCalls): Promise<void> {
  await calls.listBooks(client);
  for (const book of calls.ids.keys()) await calls.getBook(client, book);
}

async function severalTurns(random: Random): Promise<void> {
  for (let turns = random.below(6); turns > 0; turns--) await turn();
}

function countRaces(operations: readonly Operation[]): number {
  const deletions = operations.filter(({ action }) => action.kind === 'delete-author');
  return operations.filter(
    ({ action, begin, end }) =>
      action.kind === 'create-book' && deletions.some((other) => other.begin < end && begin < other.end),
  ).length;
}
