import { createHash } from 'node:crypto';
import { answerLost, BatchedReads, POOL, SETTINGS, SharedWrite, sqlState, statement } from '@bookstore/service-kit';
import { Inject, Injectable } from '@nestjs/common';
import type pg from 'pg';
import { AuthorDatabase } from '../author-database.js';
import type { AuthorSettings } from '../settings.js';
import {
  type Author,
  type AuthorChange,
  DeletePending,
  type Deletion,
  EmailTaken,
  type NewAuthor,
  RequestIdReused,
} from './author.js';

const UNIQUE_VIOLATION = '23505';
/** The nil UUID: no author has it, and every other id comes after it. */
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

const COLUMNS = 'id, name, email, created_at AS "createdAt"';
const DELETION = 'id AS "authorId", delete_op_id AS "opId", delete_force AS force';

/** What a new author is made of. */
const GIVEN = 'name, email, request_id, request_hash';

interface NewRow extends NewAuthor {
  /** SHA-256 of the content, as PostgreSQL reads bytes from a text. */
  readonly requestHash: string | null;
}

/** An author with the same request id or address, as Prisma reads it. */
interface Twin extends Omit<Author, 'createdAt'> {
  readonly createdAt: Date;
  readonly sameContent: boolean;
  readonly sameRequest: boolean;
}

/**
 * Authors in PostgreSQL. What is hot goes past Prisma, whose look at each value of each row costs more than a read, and whose raw
 * statements cost a write of one row 22 to 31 % of its CPU (measured on Node 24, 64 in flight).
 */
@Injectable()
export class AuthorsRepository {
  readonly #byId: BatchedReads<Author>;
  readonly #page: (after: string, limit: number) => Promise<Author[]>;
  readonly #insertTogether: SharedWrite<NewRow, Author>;
  readonly #insert: (...values: unknown[]) => Promise<Author[]>;
  readonly #renameTogether: SharedWrite<{ id: string; name: string }, object>;
  readonly #update: (id: string, name?: string, email?: string) => Promise<{ id: string }[]>;
  readonly #mark: (id: string, opId: string, force: boolean, delayMs: number) => Promise<Deletion[]>;
  readonly #deletionOf: (id: string) => Promise<(Deletion | { readonly opId: null })[]>;
  readonly #finish: (id: string, opId: string) => Promise<unknown>;
  readonly #undo: (id: string, opId: string) => Promise<unknown>;

  constructor(
    private readonly database: AuthorDatabase,
    @Inject(POOL) pool: pg.Pool,
    @Inject(SETTINGS) private readonly settings: AuthorSettings,
  ) {
    this.#byId = new BatchedReads(
      statement<Author>(pool, 'authors_by_id', `SELECT ${COLUMNS} FROM authors WHERE id = ANY($1::uuid[])`),
    );
    this.#page = statement<Author>(
      pool,
      'authors_page',
      `SELECT ${COLUMNS} FROM authors WHERE id > $1 ORDER BY id LIMIT $2`,
    );
    // Two of these at once never wait for each other crosswise: addresses are taken in their order, and of those who have
    // the same request id the second is left out.
    this.#insertTogether = new SharedWrite(
      pool,
      'authors_insert_all',
      `WITH given AS (
         SELECT place, uuidv7() AS id, name, email, "requestId" AS request_id, "requestHash" AS request_hash
         FROM json_to_recordset($1) AS given (place int, name text, email text, "requestId" uuid, "requestHash" bytea)
         WHERE "requestId" IS NULL OR pg_try_advisory_xact_lock(hashtextextended("requestId"::text, 0))
       ), inserted AS (
         INSERT INTO authors (id, ${GIVEN}) SELECT id, ${GIVEN} FROM given ORDER BY lower(email)
         ON CONFLICT DO NOTHING RETURNING ${COLUMNS}
       )
       SELECT place, inserted.* FROM inserted JOIN given USING (id)`,
    );
    this.#insert = statement<Author>(
      pool,
      'authors_insert',
      `INSERT INTO authors (${GIVEN}) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
    );
    this.#renameTogether = new SharedWrite(
      pool,
      'authors_rename_all',
      `WITH given AS (
         SELECT given.* FROM json_to_recordset($1) AS given (place int, id uuid, name text)
         JOIN authors USING (id) FOR NO KEY UPDATE OF authors SKIP LOCKED
       )
       UPDATE authors SET name = given.name FROM given WHERE authors.id = given.id RETURNING place`,
    );
    this.#update = statement<{ id: string }>(
      pool,
      'authors_update',
      'UPDATE authors SET name = coalesce($2, name), email = coalesce($3, email) WHERE id = $1 RETURNING id',
    );
    this.#mark = statement<Deletion>(
      pool,
      'authors_mark',
      `UPDATE authors
       SET state = 'DELETING', delete_op_id = $2, delete_force = $3, delete_started_at = now(), delete_tries = 0,
           delete_next_try_at = now() + $4::int * interval '1 millisecond'
       WHERE id = $1 AND state = 'ACTIVE' RETURNING ${DELETION}`,
    );
    this.#deletionOf = statement(pool, 'authors_deletion', `SELECT ${DELETION} FROM authors WHERE id = $1`);
    this.#finish = statement(pool, 'authors_finish', 'DELETE FROM authors WHERE id = $1 AND delete_op_id = $2');
    this.#undo = statement(
      pool,
      'authors_undo',
      `UPDATE authors
       SET state = 'ACTIVE', delete_op_id = NULL, delete_force = NULL, delete_started_at = NULL,
           delete_next_try_at = NULL, delete_tries = 0
       WHERE id = $1 AND delete_op_id = $2`,
    );
  }

  /** Reads that meet within one turn of the event loop share one query. */
  find(id: string): Promise<Author | undefined> {
    return this.#byId.read(id);
  }

  listAfter(after: string | undefined, limit: number): Promise<Author[]> {
    return this.#page(after ?? BEFORE_ALL, limit);
  }

  /** One statement, where neither the request id nor the address is known yet, shared with the authors that come meanwhile. */
  async insert(author: NewAuthor): Promise<Author> {
    const { name, email } = author;
    const requestId = author.requestId ?? null;
    const hash = requestId && contentHash(author);
    let inserted = await this.#insertTogether.try({ ...author, requestHash: hash });
    for (;;) {
      if (!inserted) [inserted] = await this.#insert(name, email, requestId, hash);
      if (inserted) return inserted;
      // In a statement of its own: the one above does not see a twin that was committed while it waited.
      const [twin] = await this.database.$queryRaw<Twin[]>`
        SELECT id, name, email, created_at AS "createdAt",
               request_id IS NOT DISTINCT FROM ${requestId}::uuid AS "sameRequest",
               request_hash IS NOT DISTINCT FROM ${hash}::bytea AS "sameContent"
        FROM authors
        WHERE request_id = ${requestId}::uuid OR lower(email) = lower(${email})
        ORDER BY request_id = ${requestId}::uuid DESC NULLS LAST
        LIMIT 1`;
      if (!twin) continue; // deleted in between, and so neither is taken any more
      if (requestId === null || !twin.sameRequest) throw new EmailTaken();
      const { sameContent, sameRequest, createdAt, ...known } = twin;
      if (!sameContent) throw new RequestIdReused(requestId);
      return { ...known, createdAt: createdAt.toISOString() };
    }
  }

  /** False when there is no such author. */
  async update(id: string, { name, email }: AuthorChange): Promise<boolean> {
    // A new address may be refused, which must not be the others' business.
    if (name !== undefined && email === undefined && (await this.#renameTogether.try({ id, name }))) return true;
    try {
      return (await this.#update(id, name, email)).length > 0;
    } catch (error) {
      if (sqlState(error) === UNIQUE_VIOLATION) throw new EmailTaken();
      throw error;
    }
  }

  /**
   * Marks an active author by this deletion. The deletion that the author is in then: this one, or one that was there
   * before; none when there is no such author. The next try by somebody else is due after this caller has given up.
   *
   * @throws DeletePending when the answer is lost, so that the author may be marked
   */
  async beginDeletion({ authorId, opId, force }: Deletion): Promise<Deletion | undefined> {
    const delayMs = this.settings.DELETE_RECOVERY_DELAY_MS;
    for (;;) {
      const [mine] = await this.#mark(authorId, opId, force, delayMs).catch((error) => {
        throw answerLost(error) ? new DeletePending(error) : error;
      });
      if (mine) return mine;
      // In a statement of its own: a concurrent deletion's mark, waited for above, is not in its snapshot.
      const [other] = await this.#deletionOf(authorId);
      if (!other || other.opId !== null) return other;
      // Undone in between.
    }
  }

  /** The author goes, unless another operation has taken over. */
  async finishDeletion({ authorId, opId }: Deletion): Promise<void> {
    await this.#finish(authorId, opId);
  }

  /** The author stays, unless another operation has taken over. */
  async undoDeletion({ authorId, opId }: Deletion): Promise<void> {
    await this.#undo(authorId, opId);
  }

  /**
   * Claims deletions that are due, so that no other replica tries them for a while. It does not grow with the
   * tries: after an outage of any length each deletion is decided within 5 s. What keeps the book service from a storm
   * of them is that few are claimed at a time. One statement, so that no lock outlives it.
   */
  claimDueDeletions(limit: number): Promise<Deletion[]> {
    const { DELETE_RECOVERY_RETRY_MS } = this.settings;
    return this.database.$queryRaw<Deletion[]>`
      UPDATE authors
      SET delete_tries = delete_tries + 1,
          delete_next_try_at = now() + (0.75 + random() / 2) * ${DELETE_RECOVERY_RETRY_MS}::int * interval '1 millisecond'
      WHERE id IN (
        SELECT id FROM authors WHERE state = 'DELETING' AND delete_next_try_at <= now()
        ORDER BY delete_next_try_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
      RETURNING id AS "authorId", delete_op_id AS "opId", delete_force AS force`;
  }

  /** Deletions that have begun and not ended. */
  async countDeletions(): Promise<number> {
    const [counted] = await this.database.$queryRaw<{ pending: number }[]>`
      SELECT count(*)::int AS pending FROM authors WHERE state = 'DELETING'`;
    return counted?.pending ?? 0;
  }
}

const contentHash = ({ name, email }: NewAuthor): string =>
  `\\x${createHash('sha256')
    .update(JSON.stringify([name, email]))
    .digest('hex')}`;
