import { failPoint, throwIfEnded } from '@bookstore/service-kit';
import { Injectable } from '@nestjs/common';
import { BookDatabase } from '../book-database.js';
import type { Closing, ClosingDecision } from './closing.js';

type Transaction = Parameters<Parameters<BookDatabase['$transaction']>[0]>[0];

/** Which authors books may lean on, in PostgreSQL. */
@Injectable()
export class AuthorReferencesRepository {
  constructor(private readonly database: BookDatabase) {}

  /** None when nobody has asked for this author yet; not live means gone for ever. */
  async find(authorId: string): Promise<{ live: boolean } | undefined> {
    // Not by findUnique: Prisma joins those of one tick, so that one could end with another's call.
    const [found] = await this.database.$queryRaw<{ live: boolean }[]>`
      SELECT live FROM author_refs WHERE author_id = ${authorId}::uuid`;
    return found;
  }

  /** Notes an author who exists; a tombstone stays what it is. */
  async add(authorId: string): Promise<void> {
    await this.database.$executeRaw`
      INSERT INTO author_refs (author_id) VALUES (${authorId}::uuid) ON CONFLICT DO NOTHING`;
  }

  /**
   * Decides a closing, once. Each step is a statement of its own, in this order, at READ COMMITTED: the operation is
   * looked up, and the books are counted, only once the reference is locked. Earlier, a late duplicate would close an
   * author whose stored outcome is HAS_BOOKS, and the count would be older than the lock.
   */
  async close(closing: Closing): Promise<ClosingDecision> {
    const { opId, authorId, force } = closing;
    const decision = await this.database.$transaction(
      async (transaction): Promise<ClosingDecision> => {
        // A CreateBook that is just asking for an author nobody knew must find the tombstone.
        const tombstone = transaction.$executeRaw`
          INSERT INTO author_refs (author_id, live) VALUES (${authorId}::uuid, false) ON CONFLICT DO NOTHING`;
        const made = (await tombstone) > 0;
        failPoint('close-author.tombstone');
        throwIfEnded();
        await transaction.$queryRaw`SELECT live FROM author_refs WHERE author_id = ${authorId}::uuid FOR UPDATE`;
        failPoint('close-author.locked');
        throwIfEnded();
        const decided = await transaction.authorClosing.findUnique({
          where: { opId },
          select: { outcome: true, bookCount: true },
        });
        // Made just now for an operation that was decided before: impossible, since references are never deleted.
        if (decided) return decided;
        throwIfEnded();
        const bookCount = made ? 0 : await transaction.book.count({ where: { authorId } });
        throwIfEnded();
        failPoint('close-author.counted');
        const outcome = bookCount > 0 && !force ? 'HAS_BOOKS' : 'CLOSED';
        if (outcome === 'CLOSED') await this.bury(transaction, authorId, bookCount);
        failPoint('close-author.buried');
        throwIfEnded();
        await transaction.authorClosing.create({ data: { opId, authorId, force, outcome, bookCount } });
        failPoint('close-author.recorded');
        // Past the end of the call, the transaction is rolled back rather than committed.
        throwIfEnded();
        return { outcome, bookCount };
      },
      { isolationLevel: 'ReadCommitted', maxWait: 2000, timeout: 5000 },
    );
    failPoint('close-author.committed');
    return decision;
  }

  private async bury(transaction: Transaction, authorId: string, bookCount: number): Promise<void> {
    if (bookCount > 0) await transaction.$executeRaw`DELETE FROM books WHERE author_id = ${authorId}::uuid`;
    await transaction.$executeRaw`UPDATE author_refs SET live = false WHERE author_id = ${authorId}::uuid AND live`;
  }
}
