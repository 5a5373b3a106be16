import { readSettings } from '../settings/setting.js';
import type { Check, Databases } from './check.js';
import { CheckedDatabase } from './checked-database.js';
import { deletions } from './deletions.js';
import type { Finding, Repair } from './finding.js';
import { type FsckLimits, fsckLimits } from './fsck-settings.js';
import { orphanBooks } from './orphan-books.js';
import { references } from './references.js';
import { repair } from './repair.js';

export interface DatabaseUrls {
  /** The author service's database, as any role that may read its tables; write them, for a repair. */
  readonly authors: string;
  readonly books: string;
}

export interface FsckOptions {
  /** How long it waits; the defaults unless said. */
  readonly limits?: FsckLimits;
  /** Finish what is safe to finish. */
  readonly repair?: boolean;
  /** Told of each finding, and of what was done about it when a repair was asked for. */
  readonly onFinding?: (finding: Finding, repair: Repair | undefined) => void;
}

export interface FsckResult {
  readonly findings: number;
  /** Those that no repair has ended. */
  readonly left: number;
  readonly looked: { readonly authorsWithBooks: number; readonly references: number; readonly deletions: number };
}

/**
 * Compares the two databases while the services run: a create or a deletion that happens at the same time is no finding.
 * It reads in batches, on one connection to each database that is read-only but for the statement of a repair.
 *
 * @throws FsckError when a database cannot be read
 */
export async function fsck(urls: DatabaseUrls, options: FsckOptions = {}): Promise<FsckResult> {
  const { limits = readSettings(fsckLimits, {}) } = options;
  const authors = await CheckedDatabase.connect('author', urls.authors, limits);
  try {
    const books = await CheckedDatabase.connect('book', urls.books, limits);
    try {
      return await compare({ authors, books }, options, limits);
    } finally {
      await books[Symbol.asyncDispose]();
    }
  } finally {
    await authors[Symbol.asyncDispose]();
  }
}

async function compare(databases: Databases, options: FsckOptions, limits: FsckLimits): Promise<FsckResult> {
  const found = { findings: 0, left: 0, orphans: 0 };
  const run = async (check: Check): Promise<number> => {
    let looked = 0;
    const onLooked = (count: number) => {
      looked += count;
    };
    for await (const finding of check(databases, onLooked)) {
      found.findings++;
      if (finding.kind === 'ORPHAN_BOOK') found.orphans++;
      const repaired = options.repair ? await repair(databases, finding, found.orphans) : undefined;
      if (!repaired?.done) found.left++;
      options.onFinding?.(finding, repaired);
    }
    return looked;
  };
  // Orphans come first: whether there are any decides about the references.
  const authorsWithBooks = await run(orphanBooks);
  const looked = {
    authorsWithBooks,
    references: await run(references),
    deletions: await run(deletions(limits.FSCK_SETTLE_MS)),
  };
  return { findings: found.findings, left: found.left, looked };
}
