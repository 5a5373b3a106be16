/** The next batch of references, by id. */
export const REFERENCES = `
  SELECT author_id AS "authorId", live FROM author_refs WHERE author_id > $1 ORDER BY author_id LIMIT $2`;

/** In the author database: which of these references do not fit their authors. */
export const BROKEN = `
  SELECT ref.id AS "authorId", live
  FROM unnest($1::uuid[], $2::boolean[]) AS ref (id, live) LEFT JOIN authors ON authors.id = ref.id
  WHERE CASE WHEN live THEN state IS NULL ELSE state = 'ACTIVE' END`;

/** Which of these references are still as they were read. */
export const UNCHANGED = `
  SELECT author_id AS "authorId", live
  FROM author_refs JOIN unnest($1::uuid[], $2::boolean[]) AS ref (author_id, live) USING (author_id, live)
  ORDER BY author_id`;

export const BOOKS =
  'SELECT id, author_id AS "authorId" FROM books WHERE author_id = ANY($1::uuid[]) ORDER BY author_id, id';

/** delete_started_at is null when a version before that column began the deletion. */
export const DELETIONS = `
  SELECT id AS "authorId", delete_op_id AS "opId", started AS since, delete_tries AS tries,
    started < now() - interval '1 minute' AS overdue
  FROM authors, coalesce(delete_started_at, delete_next_try_at) AS started
  WHERE state = 'DELETING' ORDER BY id`;

/** Ids are never used again, so the author cannot come back. The foreign key refuses it while the author has books. */
export const CLOSE = 'UPDATE author_refs SET live = false WHERE author_id = ANY($1::uuid[])';

export const MAKE_DUE = `
  UPDATE authors SET delete_next_try_at = least(delete_next_try_at, now()) WHERE delete_op_id = ANY($1::uuid[])`;
