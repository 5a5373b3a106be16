import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { z } from 'zod';
import { throwIfEnded } from '../call/call.js';
import { decodePageToken, encodePageToken, FOREIGN_TOKEN, isPageToken } from './page-token.js';

/** The most items of a page whose size the caller chose; a larger size is lowered to it. */
export const MAX_PAGE_SIZE = 1000;
/** The most bytes of a response: below the 4 MiB that a gRPC client receives by default. */
export const RESPONSE_BUDGET_BYTES = 4 * 1024 * 1024 - 64 * 1024;
/** The tag of field 1 with a length. */
const ITEM_TAG = (1 << 3) | 2;

/** The two fields of a request for a page (AIP-158): page_size 0 is all that fits in one message. */
export const pageFields = {
  pageSize: z.number().min(0, 'must not be negative'),
  pageToken: z.string().refine((value) => value === '' || isPageToken(value), FOREIGN_TOKEN),
};

/** A list to read pages of. */
export interface List<Item extends { readonly id: string }, Message> {
  /** A token of a list with another name is refused. */
  readonly name: string;
  /** Reads at most `limit` items with ids after `after`, in the order of ids. */
  readonly read: (after: string | undefined, limit: number) => Promise<readonly Item[]>;
  readonly toMessage: (item: Item) => Message;
  /** The generated encoder of an item's message, which measures it. */
  readonly type: { encode(message: Message, writer: BinaryWriter): BinaryWriter };
}

/**
 * Reads a page by key. It ends with the page size, or before the item that would make the response too large; it has at
 * least one item where there is one.
 *
 * @returns an empty token on the last page
 * @throws DomainError INVALID_FIELD for a token of another list
 */
export async function collectPage<Item extends { readonly id: string }, Message>(
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string },
  { name, read, toMessage, type }: List<Item, Message>,
): Promise<{ items: Message[]; nextPageToken: string }> {
  const wanted = pageSize === 0 ? Number.POSITIVE_INFINITY : Math.min(pageSize, MAX_PAGE_SIZE);
  const items: Message[] = [];
  let bytes = 0;
  let last = decodePageToken(name, pageToken);
  for (;;) {
    throwIfEnded();
    const limit = Math.min(MAX_PAGE_SIZE, wanted - items.length) + 1;
    const rows = await read(last, limit);
    const messages = rows.map(toMessage);
    // Usually all of them fit, and are measured at once.
    const bytesOfAll = sizeOf(type, messages);
    const allFit = bytes + bytesOfAll <= RESPONSE_BUDGET_BYTES;
    for (const [index, message] of messages.entries()) {
      if (!allFit) bytes += sizeOf(type, [message]);
      if (items.length > 0 && (items.length === wanted || bytes > RESPONSE_BUDGET_BYTES)) {
        return { items, nextPageToken: encodePageToken(name, last as string) };
      }
      items.push(message);
      last = (rows[index] as Item).id;
    }
    if (allFit) bytes += bytesOfAll;
    if (rows.length < limit) return { items, nextPageToken: '' };
  }
}

/** The bytes of these messages as a repeated field of a response. */
function sizeOf<Message>(type: List<never, Message>['type'], messages: readonly Message[]): number {
  const writer = new BinaryWriter();
  for (const message of messages) type.encode(message, writer.uint32(ITEM_TAG).fork()).join();
  return writer.finish().length;
}
