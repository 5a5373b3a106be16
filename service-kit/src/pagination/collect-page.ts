import { throwIfEnded } from '../call/call-ended.js';
import { decodePageToken, encodePageToken } from './page-token.js';

/** The most items of a page whose size the caller chose; larger sizes are lowered to it. Clients rely on it: no setting. */
export const MAX_PAGE_SIZE = 1000;
/** What a response may hold, bytes: below the 4 MiB that a grpc client takes by default, whatever the service is set to. */
export const RESPONSE_BUDGET_BYTES = 4 * 1024 * 1024 - 64 * 1024;
/** Rows of one query, where the caller asked for all that fits: some ms, whatever the machine. */
const CHUNK = 5000;

/** Which part of which list is asked for. */
export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
  /** Names the list, and what it is of, so that a token of another one is refused. */
  readonly scope: string;
}

/** A page, and where the next one begins; empty on the last. */
export interface Page<T> {
  readonly items: T[];
  readonly nextPageToken: string;
}

/** Reads up to `limit` items whose ids come after `after`, in id order. */
export type ReadAfter<T> = (after: string | undefined, limit: number) => Promise<T[]>;

/**
 * A page by key, never by offset. With page size 0: everything that fits into one message.
 *
 * @param sizeOf the most bytes that an item takes in the response
 * @throws CallError INVALID_FIELD for a foreign token
 */
export async function collectPage<T extends { readonly id: string }>(
  { pageSize, pageToken, scope }: PageRequest,
  read: ReadAfter<T>,
  sizeOf: (item: T) => number,
): Promise<Page<T>> {
  const wanted = pageSize === 0 ? Number.POSITIVE_INFINITY : Math.min(pageSize, MAX_PAGE_SIZE);
  const items: T[] = [];
  let bytes = 0;
  let after = decodePageToken(scope, pageToken);
  for (;;) {
    throwIfEnded();
    const limit = Math.min(CHUNK, wanted - items.length + 1);
    const chunk = await read(after, limit);
    for (const item of chunk) {
      bytes += sizeOf(item);
      const last = items.at(-1);
      if (last && (items.length === wanted || bytes > RESPONSE_BUDGET_BYTES)) {
        return { items, nextPageToken: encodePageToken(scope, last.id) };
      }
      items.push(item);
    }
    if (chunk.length < limit) return { items, nextPageToken: '' };
    after = items.at(-1)?.id;
  }
}
