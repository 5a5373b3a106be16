import { setTimeout as sleep } from 'node:timers/promises';
import { type CheckedDatabase, connect } from './checked-database.js';
import * as sql from './queries.js';

const BATCH = 1000;
const LOWEST_ID = '00000000-0000-0000-0000-000000000000';
/** The recovery worker of the author service looks every second. */
const RECOVERY_MS = 3000;

/** As a role that may read the tables, and write them for a repair. */
export interface DatabaseUrls {
  readonly authors: string;
  readonly books: string;
}

export interface Finding {
  /** One line that begins with the kind of finding. */
  readonly line: string;
  readonly repaired: boolean;
}

export interface FsckResult {
  readonly findings: Finding[];
  readonly references: number;
  readonly deletions: number;
}

/**
 * Compares the two databases while the services run: a create or a deletion at the same time is no finding.
 *
 * @throws SandboxError when a database cannot be read, or not be written for a repair
 */
export async function fsck(urls: DatabaseUrls, { repair = false } = {}): Promise<FsckResult> {
  await using authors = await connect('author', urls.authors, { readOnly: !repair });
  await using books = await connect('book', urls.books, { readOnly: !repair });
  const { references, missing, tombstones } = await checkReferences(authors, books);
  // Every book has a live reference: a foreign key holds that.
  const orphans = await books.query<{ id: string; authorId: string }>(sql.BOOKS, [missing]);
  const { deletions, overdue } = await checkDeletions(authors);

  // Authors of books are missing: this may be the wrong author database, or an old copy, so nothing is closed.
  const close = repair && orphans.length === 0;
  if (close) await books.query(sql.CLOSE, [missing]);
  if (repair) await authors.query(sql.MAKE_DUE, [overdue.map(({ opId }) => opId)]);

  const finding = (line: string, action: string, repaired = false): Finding => ({
    line: repair ? `${line}; ${repaired ? 'repaired' : 'not repaired'}: ${action}` : line,
    repaired,
  });
  const findings = [
    ...orphans.map(({ id, authorId }) =>
      finding(
        `ORPHAN_BOOK book ${id}: its author ${authorId} does not exist`,
        'bring the author back from a backup, or call DeleteBook',
      ),
    ),
    ...missing.map((id) =>
      finding(
        `REFERENCE_WITHOUT_AUTHOR author ${id}: the book database takes books for an author that does not exist`,
        close ? 'closed' : 'not closed while books lack their authors',
        close,
      ),
    ),
    ...tombstones.map((id) =>
      finding(
        `TOMBSTONE_OF_ACTIVE_AUTHOR author ${id}: ACTIVE, yet the book database has closed it for ever`,
        'call DeleteAuthor, and create the author anew if wanted',
      ),
    ),
    ...overdue.map(({ authorId, since, tries }) =>
      finding(
        `DELETION_OVERDUE author ${authorId}: DELETING since ${since.toISOString()}, tried again ${tries} times`,
        'due now: the author service settles it, once it runs and reaches the book service',
      ),
    ),
  ];
  return { findings, references, deletions };
}

interface Reference {
  readonly authorId: string;
  readonly live: boolean;
}

/**
 * Finds live references of missing authors, and tombstones of ACTIVE authors. A deletion marks the author, closes the
 * reference, and then removes the author. So each reference is read before its author, and once more after.
 */
async function checkReferences(authors: CheckedDatabase, books: CheckedDatabase) {
  const broken: Reference[] = [];
  let references = 0;
  for (let after: string | undefined = LOWEST_ID; after; ) {
    const batch: Reference[] = await books.query<Reference>(sql.REFERENCES, [after, BATCH]);
    references += batch.length;
    after = batch[BATCH - 1]?.authorId;
    const suspects = await authors.query<Reference>(sql.BROKEN, columns(batch));
    broken.push(...(await books.query<Reference>(sql.UNCHANGED, columns(suspects))));
  }
  const ids = (live: boolean) => broken.filter((reference) => reference.live === live).map(({ authorId }) => authorId);
  return { references, missing: ids(true), tombstones: ids(false) };
}

const columns = (references: Reference[]) => [
  references.map(({ authorId }) => authorId),
  references.map(({ live }) => live),
];

interface Deletion {
  readonly authorId: string;
  readonly opId: string;
  readonly since: Date;
  readonly tries: number;
  readonly overdue: boolean;
}

/** Finds deletions that take over a minute, and that the recovery worker does not settle: it may just have started. */
async function checkDeletions(authors: CheckedDatabase) {
  const first = await authors.query<Deletion>(sql.DELETIONS);
  const suspects = new Set(first.filter(({ overdue }) => overdue).map(({ opId }) => opId));
  if (suspects.size === 0) return { deletions: first.length, overdue: [] };
  await sleep(RECOVERY_MS);
  const overdue = (await authors.query<Deletion>(sql.DELETIONS)).filter(({ opId }) => suspects.has(opId));
  return { deletions: first.length, overdue };
}
