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
  readonly type: Measured<Message>;
}

/** The generated encoder of an item's message, which measures it. */
interface Measured<Message> {
  encode(message: Message, writer: BinaryWriter): BinaryWriter;
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
  let bytesLeft = RESPONSE_BUDGET_BYTES;
  let last = decodePageToken(name, pageToken);
  for (;;) {
    throwIfEnded();
    const room = Math.min(MAX_PAGE_SIZE, wanted - items.length);
    // One more shows whether there are others.
    const rows = await read(last, room + 1);
    const messages = rows.slice(0, room).map(toMessage);
    // Usually all of them fit, and are measured at once.
    let bytes = sizeOf(type, messages);
    while (bytes > bytesLeft && items.length + messages.length > 1) bytes -= sizeOf(type, [messages.pop() as Message]);
    items.push(...messages);
    bytesLeft -= bytes;
    last = rows[messages.length - 1]?.id ?? last;
    if (messages.length === rows.length) return { items, nextPageToken: '' };
    if (messages.length < room || items.length === wanted) {
      return { items, nextPageToken: encodePageToken(name, last as string) };
    }
  }
}

/** The bytes of these messages as a repeated field of a response. */
function sizeOf<Message>(type: Measured<Message>, messages: readonly Message[]): number {
  const writer = new BinaryWriter();
  for (const message of messages) type.encode(message, writer.uint32(ITEM_TAG).fork()).join();
  return writer.finish().length;
}
