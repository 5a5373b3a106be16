import type { Bookstore } from '../client/connect.js';
import { aBook, anAuthor } from '../client/samples.js';

/** What clients do at the same time, over and over, until they are told to stop. */
export class Trade {
  #running = true;
  readonly #clients: Promise<void>[];
  /** Books of a known author, created so far. */
  booksOfKnown = 0;
  /** Authors deleted with their books, so far. */
  deleted = 0;

  /** @param known authors whom nobody deletes */
  constructor(
    private readonly bookstore: Bookstore,
    known: readonly string[],
  ) {
    this.#clients = [
      ...known.map((authorId) => this.#repeat(() => this.#addBook(authorId))),
      ...[1, 2, 3, 4].map(() => this.#repeat(() => this.#comeAndGo())),
    ];
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#clients);
  }

  async #repeat(work: () => Promise<void>): Promise<void> {
    // What is refused while a service is away is tried again.
    while (this.#running) await work().catch(() => new Promise(setImmediate));
  }

  async #addBook(authorId: string): Promise<void> {
    await this.bookstore.books.createBook(aBook({ authorId }), { deadlineMs: 2000 });
    this.booksOfKnown++;
  }

  /** Some of the books lose the race against the deletion of their author. */
  async #comeAndGo(): Promise<void> {
    const { authors, books } = this.bookstore;
    const { id } = await authors.createAuthor(anAuthor(), { deadlineMs: 2000 });
    await books.createBook(aBook({ authorId: id }), { deadlineMs: 2000 });
    const late = books.createBook(aBook({ authorId: id }), { deadlineMs: 2000 }).catch(() => {});
    await authors.deleteAuthor({ id, force: true }, { deadlineMs: 2000 });
    this.deleted++;
    await late;
  }
}
