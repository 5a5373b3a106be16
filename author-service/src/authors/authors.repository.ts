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

/** The time after which the recovery continues a new deletion, ms: longer than the call to the book service. */
const RECOVERY_DELAY_MS = 3000;
/** The time until the recovery tries a deletion again, ± 25 %, ms. */
const RECOVERY_RETRY_MS = 1000;

/** Authors in PostgreSQL. */
@Injectable()
export class AuthorsRepository {
  readonly #byId = new SharedRead<Author>(
    ({ id }) => id,
    (ids) => this.prisma.author.findMany({ where: { id: { in: ids } }, select: AUTHOR }),
  );

  readonly #byEmail = new SharedRead<{ id: string; emailKey: string; requestId: string | null }>(
    ({ emailKey }) => emailKey,
    (keys) =>
      this.prisma.author.findMany({
        where: { emailKey: { in: keys } },
        select: { id: true, emailKey: true, requestId: true },
      }),
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
   * Creates an author, or returns the author that the same request created before.
   *
   * @throws EmailTaken, RequestIdReused
   */
  async create(author: NewAuthor): Promise<Author> {
    const { requestId, ...content } = author;
    const hash = requestId === undefined ? undefined : requestHash(content);
    for (;;) {
      // The look-ups avoid database errors; the unique indexes decide.
      // The twin is read last: its address may be another's now.
      const taken = await this.isTaken(content.email, { requestId });
      const twin = await this.findTwin(author);
      if (twin) return twin;
      if (taken) throw new EmailTaken();
      throwIfEnded();
      try {
        return await this.prisma.author.create({ data: { ...content, requestId, requestHash: hash }, select: AUTHOR });
      } catch (error) {
        if (!isDuplicate(error)) throw error; // created in between: look again
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
    // The look-up avoids a database error; the unique index decides.
    if (change.email !== undefined && (await this.isTaken(change.email, { id }))) throw new EmailTaken();
    throwIfEnded();
    try {
      const { count } = await this.prisma.author.updateMany({ where: { id }, data: change });
      return count > 0;
    } catch (error) {
      throw isDuplicate(error) ? new EmailTaken() : error;
    }
  }

  /** @param own the author who may have it: by id, or by the request that created the author */
  private async isTaken(email: string, own: { id?: string; requestId?: string | undefined }): Promise<boolean> {
    const holder = await this.#byEmail.find(emailKey(email));
    return holder !== undefined && holder.id !== own.id && holder.requestId !== own.requestId;
  }

  /**
   * Marks an active author with this deletion. Returns the deletion that the author has then: this one or an earlier one;
   * undefined when there is no such author. The recovery continues it later.
   *
   * @throws DeletePending when the answer is lost, so that the author may be marked
   */
  async beginDeletion({ authorId, opId, force }: Deletion): Promise<Deletion | undefined> {
    for (;;) {
      // In a statement of its own: where the database cannot be reached, nothing is marked.
      const author = await this.prisma.author.findUnique({
        where: { id: authorId },
        select: { deleteOpId: true, deleteForce: true },
      });
      if (!author) return undefined;
      if (author.deleteOpId !== null) return { authorId, opId: author.deleteOpId, force: author.deleteForce === true };
      throwIfEnded();
      // SQL, since Prisma cannot set a time by the database's clock.
      const marked = await this.prisma.$executeRaw`
        UPDATE authors
        SET state = 'DELETING', delete_op_id = ${opId}::uuid, delete_force = ${force}, delete_started_at = now(),
            delete_tries = 0, delete_next_try_at = now() + ${RECOVERY_DELAY_MS}::int * interval '1 millisecond'
        WHERE id = ${authorId}::uuid AND state = 'ACTIVE'`.catch((error) => {
        throw answerLost(error) ? new DeletePending(authorId, error) : error;
      });
      if (marked > 0) return { authorId, opId, force };
      // Marked or deleted in between: look again.
    }
  }

  /** Deletes the author, unless it has another operation now. */
  async finishDeletion({ authorId, opId }: Deletion): Promise<void> {
    await this.prisma.author.deleteMany({ where: { id: authorId, deleteOpId: opId } });
  }

  /** Makes the author active again, unless it has another operation now. */
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
   * Claims due deletions, so that no other replica tries them within about a second. The time to the next try does not grow:
   * after any outage they are decided soon.
   *
   * @param except ids of deletions that this process is settling
   */
  claimDueDeletions(limit: number, except: readonly string[]): Promise<Deletion[]> {
    // SQL, since Prisma has no SKIP LOCKED. One statement, so that no lock is held after it.
    return this.prisma.$queryRaw<Deletion[]>`
      UPDATE authors
      SET delete_tries = delete_tries + 1,
          delete_next_try_at = now() + (0.75 + random() / 2) * ${RECOVERY_RETRY_MS}::int * interval '1 millisecond'
      WHERE id IN (
        SELECT id FROM authors
        WHERE state = 'DELETING' AND delete_next_try_at <= now() AND delete_op_id <> ALL(${except}::uuid[])
        ORDER BY delete_next_try_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING id AS "authorId", delete_op_id AS "opId", delete_force AS force`;
  }

  /** Runs the statements that can run for an author who does not exist. */
  async warmUp(): Promise<void> {
    const deletion = { authorId: NIL_UUID, opId: NIL_UUID, force: false };
    await this.find(NIL_UUID);
    await this.list(NIL_UUID, 1);
    await this.isTaken('nobody', { id: NIL_UUID });
    await this.update(NIL_UUID, { name: 'nobody' });
    await this.beginDeletion(deletion);
    await this.finishDeletion(deletion);
    await this.undoDeletion(deletion);
  }

  /** The number of unfinished deletions. */
  countDeletions(): Promise<number> {
    return this.prisma.author.count({ where: { state: 'DELETING' } });
  }
}

const isDuplicate = (error: unknown): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';

/** As the database computes it, with the collation C: addresses are ASCII. */
const emailKey = (email: string): string => email.toLowerCase();
