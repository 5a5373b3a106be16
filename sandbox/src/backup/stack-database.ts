import { SandboxError } from '../sandbox-error.js';
import { compose } from './docker.js';
import type { StackService } from './stack.js';

/** A database of the stack, reached inside its own container as its owner. */
export class StackDatabase {
  constructor(
    readonly name: 'authors' | 'books',
    private readonly container: StackService,
    private readonly owner: string,
    readonly migrate: string,
  ) {}

  /** Versions of PostgreSQL and of the schema: the last migration's name. */
  async versions(): Promise<{ postgres: string; migration: string }> {
    const sql = `SELECT current_setting('server_version'), max(migration_name)
      FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`;
    const [postgres = '', migration = ''] = (await this.#psql(this.name, sql)).trim().split('|');
    if (migration === '') throw new SandboxError(`the database ${this.name} has not been migrated yet`);
    // A distribution's own version follows a blank.
    return { postgres: postgres.replace(/ .*/, ''), migration };
  }

  /** The first column of each row. */
  async column(sql: string): Promise<string[]> {
    return (await this.#psql(this.name, sql)).split('\n').filter((line) => line !== '');
  }

  /** Writes everything in it to an open file. Owners and grants are left to the migration that follows a restore. */
  async dump(file: number, signal?: AbortSignal): Promise<void> {
    const args = ['pg_dump', '--format=custom', '--no-owner', '--no-privileges', `--dbname=${this.name}`];
    await this.#exec(args, { stdout: file, signal });
  }

  /** Reads a dump into a new database beside this one, which stays as it is. */
  async load(file: number, signal?: AbortSignal): Promise<void> {
    await this.dropLoaded();
    await this.#psql('postgres', `CREATE DATABASE ${this.#loaded} TEMPLATE template0`);
    const args = ['pg_restore', '--no-owner', '--no-privileges', '--single-transaction', `--dbname=${this.#loaded}`];
    await this.#exec(args, { stdin: file, signal });
    // A dump has no statistics: without them the first queries on many rows are slow.
    await this.#psql(this.#loaded, 'ANALYZE');
  }

  /** Puts what was loaded in this one's place, at once, and sets this one aside. */
  async swapIn(): Promise<void> {
    await this.dropAside();
    await this.#rename([this.name, this.#aside], [this.#loaded, this.name]);
  }

  async swapBack(): Promise<void> {
    await this.#rename([this.name, this.#loaded], [this.#aside, this.name]);
  }

  async dropLoaded(): Promise<void> {
    await this.#psql('postgres', `DROP DATABASE IF EXISTS ${this.#loaded} WITH (FORCE)`);
  }

  async dropAside(): Promise<void> {
    await this.#psql('postgres', `DROP DATABASE IF EXISTS ${this.#aside} WITH (FORCE)`);
  }

  get #loaded(): string {
    return `${this.name}_loaded`;
  }

  get #aside(): string {
    return `${this.name}_aside`;
  }

  async #rename(...pairs: [from: string, to: string][]): Promise<void> {
    // Whoever still looks at one of them would be in the way.
    const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE pid <> pg_backend_pid() AND datname IN (${pairs.map(([from]) => `'${from}'`).join()})`;
    await this.#psql('postgres', end, ...pairs.map(([from, to]) => `ALTER DATABASE ${from} RENAME TO ${to}`));
  }

  /** Each statement by itself when there is one, all or none when there are several. */
  #psql(database: string, ...statements: string[]): Promise<string> {
    const commands = statements.map((sql) => `--command=${sql}`);
    const together = statements.length > 1 ? ['--single-transaction'] : [];
    const args = ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1', ...together];
    return this.#exec(['psql', ...args, `--dbname=${database}`, ...commands]);
  }

  #exec([program = '', ...args]: string[], options: Parameters<typeof compose>[1] = {}): Promise<string> {
    return compose(['exec', '-T', this.container, program, `--username=${this.owner}`, ...args], options);
  }
}

export const AUTHORS = new StackDatabase('authors', 'author-db', 'author_migrator', 'author-migrate');
export const BOOKS = new StackDatabase('books', 'book-db', 'book_migrator', 'book-migrate');
