import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { throwIfEnded } from '../call/call.js';
import { decodePageToken, encodePageToken } from './page-token.js';

/** The most items of a page whose size the caller chose; a larger size is lowered to it. */
export const MAX_PAGE_SIZE = 1000;
/** The most bytes of a response: below the 4 MiB that a gRPC client receives by default. */
export const RESPONSE_BUDGET_BYTES = 4 * 1024 * 1024 - 64 * 1024;

/** Which page of a list to read. */
export interface PageRequest {
  /** The most items; 0 for all that fit in one message (AIP-158). */
  readonly pageSize: number;
  /** Empty for the first page. */
  readonly pageToken: string;
}

/** A list to read pages of. */
export interface List<Item extends { readonly id: string }, Message> {
  /** Names the list: a token of another list is refused. */
  readonly name: string;
  /** Reads the items with ids after `after`, at most `limit`, in the order of ids. */
  readonly read: (after: string | undefined, limit: number) => Promise<readonly Item[]>;
  readonly toMessage: (item: Item) => Message;
  /** The generated encoder of an item's message, which measures it. */
  readonly type: { encode(message: Message, writer: BinaryWriter): BinaryWriter };
}

/** A page of messages. */
export interface Page<Message> {
  readonly items: Message[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/**
 * Reads a page by key, never by offset. It ends with the page size, or before the item that would make the response too
 * large; it has at least one item where there is one.
 *
 * @throws DomainError INVALID_FIELD for a token of another list
 */
export async function collectPage<Item extends { readonly id: string }, Message>(
  { pageSize, pageToken }: PageRequest,
  { name, read, toMessage, type }: List<Item, Message>,
): Promise<Page<Message>> {
  const wanted = pageSize === 0 ? Number.POSITIVE_INFINITY : Math.min(pageSize, MAX_PAGE_SIZE);
  const items: Message[] = [];
  let bytes = 0;
  let last = decodePageToken(name, pageToken);
  for (;;) {
    throwIfEnded();
    const limit = Math.min(MAX_PAGE_SIZE, wanted - items.length) + 1;
    const rows = await read(last, limit);
    const messages = rows.map(toMessage);
    // All at once first: only the last part of a long list has to be measured item by item.
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

/** Field 1 with a length, which takes a byte as every tag of a field up to 15. */
const ITEM_TAG = (1 << 3) | 2;
