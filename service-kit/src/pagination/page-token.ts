import { createHash } from 'node:crypto';
import { invalidFields } from '../validation/parse.js';

const VERSION = 1;
const SCOPE_BYTES = 7;
const ID_BYTES = 16;

/** What is said of a token that the list did not give out. */
export const FOREIGN_TOKEN = 'is not a token of this list';

/**
 * An opaque token for the page after `lastId` of one list: a version, the list it belongs to, the id. It holds no row,
 * so that it survives inserts and deletes (AIP-158).
 *
 * @param scope which list, and of what: a token of another one is refused
 */
export function encodePageToken(scope: string, lastId: string): string {
  const id = Buffer.from(lastId.replaceAll('-', ''), 'hex');
  return Buffer.concat([Buffer.of(VERSION), scopeHash(scope), id]).toString('base64url');
}

/**
 * The id after which the page begins; undefined for the first page.
 *
 * @throws DomainError INVALID_FIELD for a token that this list did not give out
 */
export function decodePageToken(scope: string, token: string): string | undefined {
  if (token === '') return undefined;
  const bytes = Buffer.from(token, 'base64url');
  if (!isPageToken(token) || !bytes.subarray(1, 1 + SCOPE_BYTES).equals(scopeHash(scope))) {
    throw invalidFields([{ field: 'page_token', description: FOREIGN_TOKEN }]);
  }
  return bytes
    .subarray(1 + SCOPE_BYTES)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Whether some list may have given out this token. */
export function isPageToken(token: string): boolean {
  const bytes = Buffer.from(token, 'base64url');
  return bytes.length === 1 + SCOPE_BYTES + ID_BYTES && bytes[0] === VERSION && bytes.toString('base64url') === token;
}

const scopeHash = (scope: string) => createHash('sha256').update(scope).digest().subarray(0, SCOPE_BYTES);
