import { createHash } from 'node:crypto';
import { invalidFields } from '../validation/parse.js';

const VERSION = 1;
const SCOPE_BYTES = 7;
const ID_BYTES = 16;

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
 * @throws CallError INVALID_FIELD for a token that this list did not give out
 */
export function decodePageToken(scope: string, token: string): string | undefined {
  if (token === '') return undefined;
  const bytes = Buffer.from(token, 'base64url');
  const valid =
    bytes.length === 1 + SCOPE_BYTES + ID_BYTES &&
    bytes[0] === VERSION &&
    bytes.subarray(1, 1 + SCOPE_BYTES).equals(scopeHash(scope)) &&
    bytes.toString('base64url') === token;
  if (!valid) throw invalidFields([{ field: 'page_token', description: 'is not a token of this list' }]);
  return bytes
    .subarray(1 + SCOPE_BYTES)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const scopeHash = (scope: string) => createHash('sha256').update(scope).digest().subarray(0, SCOPE_BYTES);
