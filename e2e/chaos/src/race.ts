import { setImmediate as turn } from 'node:timers/promises';
import { type BookstoreClient, must } from './client.js';
import type { Operation } from './linearizability.js';
import { below, chance } from './random.js';
import { RecordedAuthor } from './recorded-author.js';

/** What several clients did with one author at the same time. */
export interface Race {
  readonly author: RecordedAuthor;
  /** How often GetAuthor or ListAuthors showed the author after a DeleteAuthor had answered OK. */
  readonly ghosts: number;
  /** CreateBooks in flight at the same time as a DeleteAuthor. */
  readonly races: number;
}

/**
 * These clients create, read and delete books of one new author, and some of them delete the author. Half of the authors
 * are known to the book service before, some of them without a book. A few authors are left at the end.
 */
export async function race(clients: readonly BookstoreClient[]): Promise<Race> {
  const [first] = clients as [BookstoreClient];
  const author = new RecordedAuthor((await must(first.createAuthor())).id);
  if (chance(0.5)) {
    const book = await author.createBook(first);
    if (chance(0.5)) await author.deleteBook(first, book);
  }
  const deleters = 1 + below(2);
  const ghosts = await Promise.all(
    clients.map((client, index) => (index < deleters ? deleteAuthor(client, author) : workWithBooks(client, author))),
  );
  await readEverything(first, author);
  if (!chance(0.02)) {
    await author.delete(first, true);
    await readEverything(first, author);
  }
  return { author, ghosts: ghosts.reduce((sum, count) => sum + count, 0), races: countRaces(author.operations) };
}

async function deleteAuthor(client: BookstoreClient, author: RecordedAuthor): Promise<number> {
  await someTurns();
  let ghosts = 0;
  for (let attempt = 0; attempt < 2; attempt++) {
    if (!(await author.delete(client, chance(0.4)))) continue;
    const [found, listed] = await Promise.all([client.getAuthor(author.id), client.listAuthors()]);
    if (found.ok) ghosts++;
    if (listed.ok && listed.response.authors.some(({ id }) => id === author.id)) ghosts++;
  }
  return ghosts;
}

async function workWithBooks(client: BookstoreClient, author: RecordedAuthor): Promise<number> {
  await someTurns();
  for (let attempt = 0; attempt < 2; attempt++) {
    const book = await author.createBook(client);
    const next = below(4);
    if (next === 0) await author.getBook(client, book);
    if (next === 1 && author.bookIds.has(book)) await author.deleteBook(client, book);
    if (next === 2) await author.listBooks(client);
  }
  return 0;
}

async function readEverything(client: BookstoreClient, author: RecordedAuthor): Promise<void> {
  await author.listBooks(client);
  for (const book of author.bookIds.keys()) await author.getBook(client, book);
}

/** A few turns of the event loop, so that calls meet at different steps. */
async function someTurns(): Promise<void> {
  for (let turns = below(6); turns > 0; turns--) await turn();
}

function countRaces(operations: readonly Operation[]): number {
  const deletions = operations.filter(({ action }) => action.kind === 'delete-author');
  const creations = operations.filter(({ action }) => action.kind === 'create-book');
  return creations.filter(({ begin, end }) => deletions.some((other) => other.begin < end && begin < other.end)).length;
}
