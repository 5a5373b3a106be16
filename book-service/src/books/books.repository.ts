import { isRequestOf, NIL_UUID, requestHash, SharedRead, throwIfEnded } from '@bookstore/service-kit';
import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { PrismaService } from '../prisma.service.js';
import { AuthorNotFound, type Book, type BookChange, type NewBook, RequestIdReused } from './book.js';

const BOOK = {
  id: true,
  title: true,
  authorId: true,
  publishedYear: true,
  createdAt: true,
} satisfies Prisma.BookSelect;

/** Books in PostgreSQL. */
@Injectable()
export class BooksRepository {
  readonly #byId = new SharedRead<Book>(
    ({ id }) => id,
    (ids) => this.prisma.book.findMany({ where: { id: { in: ids } }, select: BOOK }),
  );

  constructor(private readonly prisma: PrismaService) {}

  /** Reads of one turn of the event loop share a query. */
  find(id: string): Promise<Book | undefined> {
    return this.#byId.find(id);
  }

  list(after: string | undefined, limit: number, authorId?: string): Promise<Book[]> {
    return this.prisma.book.findMany({
      where: { authorId, id: { gt: after } },
      orderBy: { id: 'asc' },
      take: limit,
      select: BOOK,
    });
  }

  /**
   * Creates a book of an author with a reference, or returns the book that the same request created before.
   *
   * @throws RequestIdReused
   * @throws AuthorNotFound when the author was closed in between
   */
  async create(book: NewBook): Promise<Book> {
    const { requestId, ...content } = book;
    const hash = requestId === undefined ? undefined : requestHash(content);
    for (;;) {
      // The look-up avoids a database error; the unique index decides.
      const twin = await this.findTwin(book);
      if (twin) return twin;
      throwIfEnded();
      try {
        return await this.prisma.book.create({ data: { ...content, requestId, requestHash: hash }, select: BOOK });
      } catch (error) {
        if (!(error instanceof Prisma.PrismaClientKnownRequestError)) throw error;
        if (error.code === 'P2003') throw new AuthorNotFound(content.authorId); // closed in between
        if (error.code !== 'P2002') throw error; // created in between: look again
      }
    }
  }

  /**
   * The book that the same request created before.
   *
   * @throws RequestIdReused
   */
  async findTwin({ requestId, ...content }: NewBook): Promise<Book | undefined> {
    if (requestId === undefined) return undefined;
    const twin = await this.findRequest(requestId);
    if (!twin) return undefined;
    const { requestHash: hash, ...book } = twin;
    if (!isRequestOf(hash, content)) throw new RequestIdReused(requestId);
    return book;
  }

  private findRequest(requestId: string) {
    return this.prisma.book.findUnique({ where: { requestId }, select: { ...BOOK, requestHash: true } });
  }

  /** Runs the statements of the methods that need no author, whatever is stored. */
  async warmUp(): Promise<void> {
    await this.find(NIL_UUID);
    await this.list(NIL_UUID, 1);
    await this.list(NIL_UUID, 1, NIL_UUID);
    await this.findRequest(NIL_UUID);
    await this.update(NIL_UUID, { title: '' });
    await this.delete(NIL_UUID);
  }

  /** False when there is no such book. */
  async update(id: string, change: BookChange): Promise<boolean> {
    const { count } = await this.prisma.book.updateMany({ where: { id }, data: change });
    return count > 0;
  }

  /** False when there is no such book. */
  async delete(id: string): Promise<boolean> {
    const { count } = await this.prisma.book.deleteMany({ where: { id } });
    return count > 0;
  }
}
