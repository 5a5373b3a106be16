import { setTimeout as sleep } from 'node:timers/promises';
import { BATCH, batches } from './batches.js';
import type { Check } from './check.js';

/** Marked by a replica from before that column: its next try was due some seconds after the mark. */
const STARTED = 'coalesce(delete_started_at, delete_next_try_at)';
/** The minute is what the finding means, for whoever reads one, and so no setting. */
const OVERDUE = `state = 'DELETING' AND ${STARTED} < $1::timestamptz - interval '1 minute'`;
const COUNT = `
  SELECT now()::text AS now, count(*)::int AS deleting FROM authors WHERE state = 'DELETING'`;
const ANY_OVERDUE = `SELECT 1 FROM authors WHERE ${OVERDUE} LIMIT 1`;
const ALL_OVERDUE = `
  SELECT id, delete_op_id AS "opId", ${STARTED} AS since, delete_tries AS tries FROM authors
  WHERE ${OVERDUE} AND id > $2 ORDER BY id LIMIT $3`;

/**
 * Authors that have been DELETING for over a minute, and still are after the recovery worker had its time: a service that
 * has just come back settles what is due with its next look. What is there after that has nobody who settles it, or cannot
 * be settled.
 */
export const deletions = (settleMs: number): Check =>
  async function* ({ authors }, looked) {
    const [count] = await authors.read<{ now: string; deleting: number }>(COUNT);
    if (!count || count.deleting === 0) return;
    looked(count.deleting);
    if ((await authors.read(ANY_OVERDUE, [count.now])).length === 0) return;
    await sleep(settleMs);
    // By the first read's clock: what was overdue then and is DELETING now.
    const overdue = (after: string) =>
      authors.read<{ id: string; opId: string; since: Date; tries: number }>(ALL_OVERDUE, [count.now, after, BATCH]);
    for await (const batch of batches(overdue)) {
      for (const { id, ...deletion } of batch) yield { kind: 'DELETION_OVERDUE', authorId: id, ...deletion };
    }
  };
