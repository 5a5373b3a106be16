import { answerLost, isRequestOf, NIL_UUID, requestHash, SharedRead, throwIfEnded } from '@bookstore/service-kit';
import { Injectable } from '@nestjs/common';
import { Prisma } from '../generated/prisma/client.js';
import { PrismaService } from '../prisma.service.js';
import {
  type Author,
  type AuthorChange,
  DeletePending,
  type Deletion,
  EmailTaken,
  type NewAuthor,
  RequestIdReused,
} from './author.js';

const AUTHOR = { id: true, name: true, email: true, createdAt: true } satisfies Prisma.AuthorSelect;

/** The time that the caller of a deletion has for it before the recovery takes it up, ms: past the caller's own deadline. */
const RECOVERY_DELAY_MS = 3000;
/** The time until the recovery tries a deletion again, give or take a quarter, ms. */
const RECOVERY_RETRY_MS = 1000;

/** Authors in PostgreSQL. */
@Injectable()
export class AuthorsRepository {
  readonly #byId = new SharedRead<Author>(
    ({ id }) => id,
    (ids) => this.prisma.author.findMany({ where: { id: { in: ids } }, select: AUTHOR }),
  );

  readonly #byEmail = new SharedRead<{ id: string; emailKey: string }>(
    ({ emailKey }) => emailKey,
    (keys) => this.prisma.author.findMany({ where: { emailKey: { in: keys } }, select: { id: true, emailKey: true } }),
  );

  constructor(private readonly prisma: PrismaService) {}

  /** Reads of one turn of the event loop share a query. */
  find(id: string): Promise<Author | undefined> {
    return this.#byId.find(id);
  }

  list(after: string | undefined, limit: number): Promise<Author[]> {
    return this.prisma.author.findMany({
      where: { id: { gt: after } },
      orderBy: { id: 'asc' },
      take: limit,
      select: AUTHOR,
    });
  }

  /**
   * Creates an author, or returns the author that the same request has created before.
   *
   * @throws EmailTaken, RequestIdReused
   */
  async create(author: NewAuthor): Promise<Author> {
    const { requestId, ...content } = author;
    const hash = requestId === undefined ? undefined : requestHash(content);
    for (;;) {
      throwIfEnded();
      // The look-ups save an error of the database; the unique indexes decide. The twin comes last: it may hold the address.
      const taken = await this.isTaken(content.email);
      const twin = await this.findTwin(author);
      if (twin) return twin;
      if (taken) throw new EmailTaken();
      try {
        return await this.prisma.author.create({ data: { ...content, requestId, requestHash: hash }, select: AUTHOR });
      } catch (error) {
        if (!isDuplicate(error)) throw error; // else created in between
      }
    }
  }

  private async findTwin({ requestId, ...content }: NewAuthor): Promise<Author | undefined> {
    if (requestId === undefined) return undefined;
    const twin = await this.prisma.author.findUnique({
      where: { requestId },
      select: { ...AUTHOR, requestHash: true },
    });
    if (!twin) return undefined;
    const { requestHash: hash, ...author } = twin;
    if (!isRequestOf(hash, content)) throw new RequestIdReused(requestId);
    return author;
  }

  /**
   * False when there is no such author.
   *
   * @throws EmailTaken
   */
  async update(id: string, change: AuthorChange): Promise<boolean> {
    // The look-up saves an error of the database; the unique index decides.
    if (change.email !== undefined && (await this.isTaken(change.email, id))) throw new EmailTaken();
    try {
      const { count } = await this.prisma.author.updateMany({ where: { id }, data: change });
      return count > 0;
    } catch (error) {
      throw isDuplicate(error) ? new EmailTaken() : error;
    }
  }

  private async isTaken(email: string, byOtherThan?: string): Promise<boolean> {
    const holder = await this.#byEmail.find(emailKey(email));
    return holder !== undefined && holder.id !== byOtherThan;
  }

  /**
   * Marks an active author with this deletion, and returns the deletion that the author is in then: this one, or an
   * earlier one; undefined when there is no such author. The recovery takes it up after this caller's deadline.
   *
   * @throws DeletePending when the answer is lost, so that the author may be marked
   */
  async beginDeletion({ authorId, opId, force }: Deletion): Promise<Deletion | undefined> {
    for (;;) {
      throwIfEnded();
      // A statement of its own: a database that cannot be reached is found here, before anything may be marked.
      const author = await this.prisma.author.findUnique({
        where: { id: authorId },
        select: { deleteOpId: true, deleteForce: true },
      });
      if (!author) return undefined;
      if (author.deleteOpId !== null) return { authorId, opId: author.deleteOpId, force: author.deleteForce === true };
      // SQL, since Prisma cannot set a time by the database's clock, which the recovery compares it with.
      const marked = await this.prisma.$executeRaw`
        UPDATE authors
        SET state = 'DELETING', delete_op_id = ${opId}::uuid, delete_force = ${force}, delete_started_at = now(),
            delete_tries = 0, delete_next_try_at = now() + ${RECOVERY_DELAY_MS}::int * interval '1 millisecond'
        WHERE id = ${authorId}::uuid AND state = 'ACTIVE'`.catch((error) => {
        throw answerLost(error) ? new DeletePending(error) : error;
      });
      if (marked > 0) return { authorId, opId, force };
      // Marked or deleted in between.
    }
  }

  /** Deletes the author, unless another operation has taken over. */
  async finishDeletion({ authorId, opId }: Deletion): Promise<void> {
    await this.prisma.author.deleteMany({ where: { id: authorId, deleteOpId: opId } });
  }

  /** Makes the author active again, unless another operation has taken over. */
  async undoDeletion({ authorId, opId }: Deletion): Promise<void> {
    await this.prisma.author.updateMany({
      where: { id: authorId, deleteOpId: opId },
      data: {
        state: 'ACTIVE',
        deleteOpId: null,
        deleteForce: null,
        deleteStartedAt: null,
        deleteNextTryAt: null,
        deleteTries: 0,
      },
    });
  }

  /**
   * Claims deletions that are due, so that no other replica tries them for a while. The time to the next try does not grow:
   * after an outage of any length each deletion is decided within 5 s.
   */
  claimDueDeletions(limit: number): Promise<Deletion[]> {
    // SQL, since Prisma has no SKIP LOCKED. One statement, so that no lock is held for longer.
    return this.prisma.$queryRaw<Deletion[]>`
      UPDATE authors
      SET delete_tries = delete_tries + 1,
          delete_next_try_at = now() + (0.75 + random() / 2) * ${RECOVERY_RETRY_MS}::int * interval '1 millisecond'
      WHERE id IN (
        SELECT id FROM authors WHERE state = 'DELETING' AND delete_next_try_at <= now()
        ORDER BY delete_next_try_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING id AS "authorId", delete_op_id AS "opId", delete_force AS force`;
  }

  /** Compiles the statements of every method, by way of an author who is not there. */
  async warmUp(): Promise<void> {
    const deletion = { authorId: NIL_UUID, opId: NIL_UUID, force: false };
    await this.find(NIL_UUID);
    await this.list(NIL_UUID, 1);
    await this.isTaken('nobody', NIL_UUID);
    await this.update(NIL_UUID, { name: 'nobody' });
    await this.beginDeletion(deletion);
    await this.finishDeletion(deletion);
    await this.undoDeletion(deletion);
  }

  /** The number of deletions that have begun and not ended. */
  countDeletions(): Promise<number> {
    return this.prisma.author.count({ where: { state: 'DELETING' } });
  }
}

const isDuplicate = (error: unknown): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';

/** As the database computes it: addresses are ASCII, and its collation for this is C. */
const emailKey = (email: string): string => email.toLowerCase();
