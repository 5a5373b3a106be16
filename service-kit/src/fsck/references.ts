import { authorStates } from './author-states.js';
import { BATCH, batches } from './batches.js';
import type { Check } from './check.js';

interface Reference {
  id: string;
  live: boolean;
}

const REFERENCES = 'SELECT author_id AS id, live FROM author_refs WHERE author_id > $1 ORDER BY author_id LIMIT $2';
const THESE_REFERENCES = 'SELECT author_id AS id, live FROM author_refs WHERE author_id = ANY($1::uuid[])';

/**
 * Live references of authors that do not exist, and tombstones of authors that are ACTIVE. The reference is read first,
 * then the author, then the author and the reference again. A deletion closes the reference before it takes the author,
 * and marks the author before it closes the reference: so the first kind is certain by the last read, and the second by
 * the author's state after a tombstone, which is final, was seen.
 */
export const references: Check = async function* ({ authors, books }, looked) {
  for await (const batch of batches((after) => books.read<Reference>(REFERENCES, [after, BATCH]))) {
    looked(batch.length);
    const isSuspect = (states: Awaited<ReturnType<typeof authorStates>>, { id, live }: Reference) =>
      live ? !states.has(id) : states.get(id) === 'ACTIVE';
    const first = await authorStates(authors, idsOf(batch));
    const suspects = batch.filter((reference) => isSuspect(first, reference));
    if (suspects.length === 0) continue;
    const again = await authorStates(authors, idsOf(suspects));
    const confirmed = suspects.filter((reference) => isSuspect(again, reference));
    const now = await books.read<Reference>(THESE_REFERENCES, [idsOf(confirmed)]);
    const liveNow = new Map(now.map(({ id, live }) => [id, live]));
    for (const { id: authorId, live } of confirmed) {
      if (liveNow.get(authorId) !== live) continue;
      yield { kind: live ? 'REFERENCE_WITHOUT_AUTHOR' : 'TOMBSTONE_OF_ACTIVE_AUTHOR', authorId };
    }
  }
};

const idsOf = (rows: readonly Reference[]) => rows.map(({ id }) => id);
