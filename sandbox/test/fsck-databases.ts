import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { test as base, expect, inject, vi } from 'vitest';
import { createServiceDatabase } from '../src/testing/service-database.js';

const MAIN = fileURLToPath(new URL('../dist/fsck/main.js', import.meta.url));

/** Both services' databases with nothing in them, and what a test puts there. */
export class CheckedDatabases implements AsyncDisposable {
  private constructor(
    readonly urls: { authors: string; books: string },
    /** As their owners. */
    readonly authors: pg.Pool,
    readonly books: pg.Pool,
  ) {}

  static async create(): Promise<CheckedDatabases> {
    const [authors, books] = await Promise.all([
      createServiceDatabase(inject('postgresUrl'), 'author-service'),
      createServiceDatabase(inject('postgresUrl'), 'book-service'),
    ]);
    return new CheckedDatabases(
      { authors: authors.url, books: books.url },
      new pg.Pool({ connectionString: authors.adminUrl }),
      new pg.Pool({ connectionString: books.adminUrl }),
    );
  }

  /** A new ACTIVE author, without a reference. */
  async author(): Promise<string> {
    const { rows } = await this.authors.query(
      "INSERT INTO authors (name, email) VALUES ('A', gen_random_uuid() || '@example.com') RETURNING id",
    );
    return rows[0].id;
  }

  /** An author whose deletion began that long ago. */
  async deletingAuthor(ago = '0 s', tries = 0): Promise<string> {
    const id = await this.author();
    await this.markDeleting(id, ago, tries);
    return id;
  }

  async markDeleting(id: string, ago = '0 s', tries = 0): Promise<void> {
    await this.authors.query(
      `UPDATE authors SET state = 'DELETING', delete_op_id = gen_random_uuid(), delete_force = false,
         delete_started_at = now() - $2::interval, delete_next_try_at = now() + interval '1 s', delete_tries = $3
       WHERE id = $1`,
      [id, ago, tries],
    );
  }

  async reference(authorId: string, live = true): Promise<void> {
    await this.books.query('INSERT INTO author_refs (author_id, live) VALUES ($1, $2)', [authorId, live]);
  }

  /** A new book of an author who has a reference. */
  async book(authorId: string): Promise<string> {
    const { rows } = await this.books.query(
      "INSERT INTO books (title, author_id, published_year) VALUES ('B', $1, 2000) RETURNING id",
      [authorId],
    );
    return rows[0].id;
  }

  async removeAuthor(authorId: string): Promise<void> {
    await this.authors.query('DELETE FROM authors WHERE id = $1', [authorId]);
  }

  /** The command on these databases. */
  fsck(...args: string[]): Promise<FsckRun> {
    return run('--authors-url', this.urls.authors, '--books-url', this.urls.books, ...args);
  }

  /** Waits until the check's session in this database is in this state, in terms of pg_stat_activity. */
  async untilFsck(database: 'authors' | 'books', condition: string): Promise<void> {
    const sessions = `SELECT 1 FROM pg_stat_activity
      WHERE application_name = 'fsck' AND datname = current_database() AND ${condition}`;
    const seen = async () => expect((await this[database].query(sessions)).rowCount).toBe(1);
    // Not expect.poll, which is one test's: these run side by side.
    await vi.waitFor(seen, { interval: 20, timeout: 10_000 });
  }

  /** Runs the check, and does something else at the moment when it comes to read this table. */
  async fsckMeeting(database: 'authors' | 'books', table: string, meanwhile: (holder: pg.PoolClient) => Promise<void>) {
    const holder = await this[database].connect();
    try {
      await holder.query(`BEGIN; LOCK TABLE ${table}`);
      const checking = this.fsck();
      await this.untilFsck(database, "wait_event_type = 'Lock'");
      await meanwhile(holder);
      await holder.query('COMMIT');
      return await checking;
    } finally {
      holder.release(true);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.authors.end(), this.books.end()]);
  }
}

export interface FsckRun {
  readonly status: number;
  readonly lines: string[];
  readonly stderr: string;
}

/** The command with these arguments. */
export function run(...args: string[]): Promise<FsckRun> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, stdout, stderr) => {
      const status = error ? Number(error.code) : 0;
      resolve({ status, lines: stdout.split('\n').filter((line) => line !== ''), stderr });
    });
  });
}

/** Each test has databases of its own. */
export const test = base.extend<{ databases: CheckedDatabases }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest wants to see which other fixtures it needs
  databases: async ({}, use) => {
    const databases = await CheckedDatabases.create();
    await use(databases);
    await databases[Symbol.asyncDispose]();
  },
});
