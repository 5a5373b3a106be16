import { failPoint, SharedRead, throwIfEnded } from '@bookstore/service-kit';
import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { PrismaService } from '../prisma.service.js';
import type { Closing, ClosingDecision } from './closing.js';

/** The book service's record of an author. */
export interface AuthorReference {
  readonly authorId: string;
  /** False once the author is closed, for ever. */
  readonly live: boolean;
}

/** The longest wait for a connection, ms: longer than the pool's own limit, which decides. */
const MAX_WAIT_MS = 10_000;
/** The longest time of a closing, ms: longer than the author service waits. */
const TIMEOUT_MS = 5_000;

/** Which authors a book may have, in PostgreSQL. */
@Injectable()
export class AuthorReferencesRepository {
  readonly #byAuthor = new SharedRead<AuthorReference>(
    ({ authorId }) => authorId,
    (ids) =>
      this.prisma.authorRef.findMany({ where: { authorId: { in: ids } }, select: { authorId: true, live: true } }),
  );

  constructor(private readonly prisma: PrismaService) {}

  /** Undefined for an author without any book so far. Reads of one turn of the event loop share a query. */
  find(authorId: string): Promise<AuthorReference | undefined> {
    return this.#byAuthor.find(authorId);
  }

  /** Adds the reference to an author who exists, where there is none. A tombstone stays. */
  async add(authorId: string): Promise<void> {
    try {
      await this.prisma.authorRef.create({ data: { authorId }, select: { authorId: true } });
    } catch (error) {
      // Added or closed in between; the foreign key of the book tells which.
      if (!(error instanceof Prisma.PrismaClientKnownRequestError) || error.code !== 'P2002') throw error;
    }
  }

  /**
   * Decides a closing once. At READ COMMITTED, which the kit sets for each session, a statement sees what was committed
   * before it, so the operation is looked up and the books are counted after the reference is locked. Otherwise a late
   * duplicate would close an author whose stored outcome is HAS_BOOKS, and the count would be older than the lock.
   */
  async close(closing: Closing): Promise<ClosingDecision> {
    const decision = await this.prisma.$transaction((tx) => decide(tx, closing), {
      maxWait: MAX_WAIT_MS,
      timeout: TIMEOUT_MS,
    });
    failPoint('close-author.committed');
    return decision;
  }
}

async function decide(tx: Prisma.TransactionClient, { opId, authorId, force }: Closing): Promise<ClosingDecision> {
  // A CreateBook that is asking the author service now must find the tombstone.
  const { count: added } = await tx.authorRef.createMany({ data: [{ authorId, live: false }], skipDuplicates: true });
  failPoint('close-author.tombstone');
  let decision: ClosingDecision = { outcome: 'CLOSED', bookCount: 0 };
  // An author without a reference has no books and no closing.
  if (added === 0) {
    // SQL, since Prisma has no FOR UPDATE.
    await tx.$queryRaw`SELECT FROM author_refs WHERE author_id = ${authorId}::uuid FOR UPDATE`;
    failPoint('close-author.locked');
    const decided = await tx.authorClosing.findUnique({ where: { opId }, select: { outcome: true, bookCount: true } });
    if (decided) return decided;
    const bookCount = await tx.book.count({ where: { authorId } });
    failPoint('close-author.counted');
    decision = { outcome: bookCount > 0 && !force ? 'HAS_BOOKS' : 'CLOSED', bookCount };
    if (decision.outcome === 'CLOSED') {
      if (bookCount > 0) await tx.book.deleteMany({ where: { authorId } });
      await tx.authorRef.updateMany({ where: { authorId, live: true }, data: { live: false } });
    }
  }
  failPoint('close-author.buried');
  await tx.authorClosing.create({ data: { opId, authorId, force, ...decision }, select: { opId: true } });
  failPoint('close-author.recorded');
  // Nothing is committed for a call that has ended.
  throwIfEnded();
  return decision;
}
