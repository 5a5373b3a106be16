import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { type BookstoreClient, isUnknown, labelOf, must, type Outcome } from './client.js';
import type { Action, Operation } from './linearizability.js';
import { below, chance } from './random.js';

/**
 * These clients create, read and delete books of one new author, and some of them delete the author. Half of the authors
 * are known to the book service before, some of them without a book. A few authors are left at the end.
 */
export async function race(clients: readonly BookstoreClient[]): Promise<RacedAuthor> {
  const [first] = clients as [BookstoreClient];
  const author = new RacedAuthor((await must(first.createAuthor())).id);
  if (chance(0.5)) {
    const book = await author.createBook(first);
    if (book && chance(0.5)) await author.deleteBook(first, book);
  }
  const deleters = 1 + below(2);
  await Promise.all(
    clients.map((client, index) => (index < deleters ? deleteAuthor(client, author) : workWithBooks(client, author))),
  );
  await author.readEverything(first);
  if (!chance(0.02)) {
    await author.delete(first, true);
    await author.readEverything(first);
  }
  return author;
}

async function deleteAuthor(client: BookstoreClient, author: RacedAuthor): Promise<void> {
  await someTurns();
  for (let attempt = 0; attempt < 2; attempt++) {
    if (await author.delete(client, chance(0.4))) await Promise.all([author.get(client), author.find(client)]);
  }
}

async function workWithBooks(client: BookstoreClient, author: RacedAuthor): Promise<void> {
  await someTurns();
  for (let attempt = 0; attempt < 2; attempt++) {
    const book = await author.createBook(client);
    const next = below(4);
    if (next === 0 && book) await author.getBook(client, book);
    if (next === 1 && book) await author.deleteBook(client, book);
    if (next === 2) await author.listBooks(client);
  }
}

/** A few turns of the event loop, so that calls meet at different steps. */
async function someTurns(): Promise<void> {
  for (let turns = below(6); turns > 0; turns--) await turn();
}

/** An author, and all calls about it. */
export class RacedAuthor {
  readonly history: Operation[] = [];
  /** Answers that the contract does not allow here. */
  readonly unexpected: string[] = [];
  /** By id, of the books whose creation was answered. */
  readonly #titles = new Map<string, string>();
  #clock = 0;
  #creates = 0;

  constructor(private readonly id: string) {}

  /** Returns the new book's id, where that was answered. */
  async createBook(client: BookstoreClient): Promise<string | undefined> {
    const book = `book ${++this.#creates}`;
    const create = client.createBook(this.id, { title: book, requestId: randomUUID() });
    const outcome = await this.#record({ kind: 'create-book', book }, create);
    if (!outcome.ok) return undefined;
    this.#titles.set(outcome.response.id, book);
    return outcome.response.id;
  }

  async deleteBook(client: BookstoreClient, id: string): Promise<void> {
    await this.#record({ kind: 'delete-book', book: this.#titles.get(id) }, client.deleteBook(id));
  }

  async getBook(client: BookstoreClient, id: string): Promise<void> {
    await this.#record({ kind: 'get-book', book: this.#titles.get(id) }, client.getBook(id));
  }

  async listBooks(client: BookstoreClient): Promise<void> {
    const list = client.booksOf(this.id);
    await this.#record({ kind: 'list-books' }, list, ({ books }) => books.map(({ title }) => title));
  }

  async readEverything(client: BookstoreClient): Promise<void> {
    await this.listBooks(client);
    for (const book of this.#titles.keys()) await this.getBook(client, book);
  }

  async get(client: BookstoreClient): Promise<void> {
    await this.#record({ kind: 'get-author' }, client.getAuthor(this.id));
  }

  /** Looks for the author in the list of all. */
  async find(client: BookstoreClient): Promise<void> {
    await this.#record({ kind: 'get-author' }, client.listAuthors(), ({ authors }) =>
      authors.some(({ id }) => id === this.id) ? 'ok' : 'no',
    );
  }

  /** Returns whether the answer was OK. */
  async delete(client: BookstoreClient, force: boolean): Promise<boolean> {
    return (await this.#record({ kind: 'delete-author', force }, client.deleteAuthor(this.id, force))).ok;
  }

  async #record<T>(
    asked: { readonly kind: Action['kind']; readonly book?: string | undefined; readonly force?: boolean },
    call: Promise<Outcome<T>>,
    answerOf: (response: T) => Action['answer'] = () => 'ok',
  ): Promise<Outcome<T>> {
    const begin = this.#clock++;
    const outcome = await call;
    const end = this.#clock++;
    const answer = outcome.ok ? answerOf(outcome.response) : refusalOf(outcome, asked.kind);
    if (answer === undefined) {
      this.unexpected.push(labelOf(outcome));
      return outcome;
    }
    const action = { ...asked, answer } as Action;
    this.history.push({ action, begin, end: answer === 'unknown' ? Number.POSITIVE_INFINITY : end });
    return outcome;
  }
}

function refusalOf(outcome: Outcome & { ok: false }, kind: Action['kind']): Action['answer'] | undefined {
  const { reason, metadata } = outcome.failure;
  const isAboutBook = kind === 'get-book' || kind === 'delete-book';
  if (reason === (isAboutBook ? 'BOOK_NOT_FOUND' : 'AUTHOR_NOT_FOUND')) return 'no';
  if (reason === 'AUTHOR_HAS_BOOKS' && kind === 'delete-author') return Number(metadata?.book_count);
  return isUnknown(outcome) ? 'unknown' : undefined;
}
