import type { CheckedDatabase } from './checked-database.js';

export type AuthorState = 'ACTIVE' | 'DELETING';

/**
 * The states of these authors; one that does not exist has none. An id that the book database knew before this was read
 * is of an author who existed once: missing now, it is missing for ever, since ids are never used again.
 */
export async function authorStates(
  authors: CheckedDatabase,
  ids: readonly string[],
): Promise<ReadonlyMap<string, AuthorState>> {
  const rows = await authors.read<{ id: string; state: AuthorState }>(
    'SELECT id, state::text FROM authors WHERE id = ANY($1::uuid[])',
    [ids],
  );
  return new Map(rows.map(({ id, state }) => [id, state]));
}
