import { createHash } from 'node:crypto';

/**
 * SHA-256 of a validated request, stored with its `request_id` (AIP-155). Keys are sorted and absent fields left out, so
 * that a request keeps its hash when its message gets a new optional field.
 */
export function requestHash(request: object): Uint8Array<ArrayBuffer> {
  const fields = Object.entries(request).filter(([, value]) => value !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return new Uint8Array(createHash('sha256').update(JSON.stringify(fields)).digest());
}

/** Whether this request created the record with this hash; null is the hash of a record without `request_id`. */
export const isRequestOf = (hash: Uint8Array | null, request: object): boolean =>
  hash !== null && Buffer.compare(hash, requestHash(request)) === 0;
