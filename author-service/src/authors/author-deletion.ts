import { randomUUID } from 'node:crypto';
import { failPoint, LOGGER, type Logger, throwIfEnded } from '@bookstore/service-kit';
import { Inject, Injectable } from '@nestjs/common';
import { BooksClient } from '../books-client/books-client.js';
import { AuthorHasBooks, AuthorNotFound, DeletePending, type Deletion } from './author.js';
import { AuthorsRepository } from './authors.repository.js';

/**
 * Deletes an author across two databases: the author is marked, the book service decides once for the operation's id, and
 * its outcome deletes the author or removes the mark.
 */
@Injectable()
export class AuthorDeletion {
  constructor(
    private readonly repository: AuthorsRepository,
    private readonly books: BooksClient,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * @throws AuthorNotFound
   * @throws AuthorHasBooks when the operation that this call began was refused
   * @throws DeletePending when the author is marked and the outcome is not known
   */
  async run(authorId: string, force: boolean): Promise<void> {
    for (;;) {
      throwIfEnded();
      const mine: Deletion = { authorId, opId: randomUUID(), force };
      const current = await this.repository.beginDeletion(mine);
      if (!current) throw new AuthorNotFound(authorId);
      failPoint('delete-author.begun');
      const outcome = await this.settle(current).catch((error) => {
        throw new DeletePending(authorId, error);
      });
      if (outcome.closed) return;
      if (current.opId === mine.opId) throw new AuthorHasBooks(outcome.bookCount);
      // The operation of another call was refused, perhaps without force: the next turn begins an own one.
    }
  }

  /** Finishes or undoes a deletion by the outcome of the book service. Safe to repeat, also at the same time. */
  async settle(deletion: Deletion): Promise<{ closed: boolean; bookCount: number }> {
    const outcome = await this.books.closeAuthor(deletion);
    failPoint('delete-author.decided');
    if (outcome.closed) await this.repository.finishDeletion(deletion);
    else await this.repository.undoDeletion(deletion);
    failPoint(outcome.closed ? 'delete-author.finished' : 'delete-author.undone');
    this.logger.info({ authorId: deletion.authorId, opId: deletion.opId, ...outcome }, 'deletion settled');
    return outcome;
  }
}
