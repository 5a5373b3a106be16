import { createHash } from 'node:crypto';
import { invalidFields } from '../validation/zod-validation.pipe.js';

const VERSION = 1;
const LIST_BYTES = 7;
const ID_BYTES = 16;

export const FOREIGN_TOKEN = 'is not a token of this list';

/**
 * An opaque token for the page after `lastId`: a version, a hash of the list's name, the id. It contains no row, so it
 * survives inserts and deletes (AIP-158).
 */
export function encodePageToken(list: string, lastId: string): string {
  const id = Buffer.from(lastId.replaceAll('-', ''), 'hex');
  return Buffer.concat([Buffer.of(VERSION), hashOf(list), id]).toString('base64url');
}

/**
 * The id after which the page begins; undefined for the first page.
 *
 * @throws DomainError INVALID_FIELD for a token of another list
 */
export function decodePageToken(list: string, token: string): string | undefined {
  if (token === '') return undefined;
  const bytes = Buffer.from(token, 'base64url');
  if (!isPageToken(token) || !bytes.subarray(1, 1 + LIST_BYTES).equals(hashOf(list))) {
    throw invalidFields([{ field: 'page_token', description: FOREIGN_TOKEN }]);
  }
  const id = bytes.subarray(1 + LIST_BYTES).toString('hex');
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Whether it can be a token of some list. */
export function isPageToken(token: string): boolean {
  const bytes = Buffer.from(token, 'base64url');
  return bytes.length === 1 + LIST_BYTES + ID_BYTES && bytes[0] === VERSION && bytes.toString('base64url') === token;
}

const hashOf = (list: string) => createHash('sha256').update(list).digest().subarray(0, LIST_BYTES);
