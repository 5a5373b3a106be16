/** Rows at a time: memory and the time of a statement stay the same however many there are. Some ms each: no setting. */
export const BATCH = 1000;

/** Below every id there is. */
const LOWEST = '00000000-0000-0000-0000-000000000000';

/**
 * Everything there is, in the order of its ids, a batch at a time.
 *
 * @param read at most `BATCH` rows whose ids come after this one, in order
 */
export async function* batches<Row extends { id: string }>(
  read: (after: string) => Promise<Row[]>,
): AsyncGenerator<Row[]> {
  for (let after = LOWEST; ; ) {
    const rows = await read(after);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    if (rows.length < BATCH) return;
    after = last.id;
  }
}
