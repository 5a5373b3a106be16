import { createHash } from 'node:crypto';

/**
 * SHA-256 of a validated request, by which a repeated `request_id` is told from a reused one (AIP-155). Keys are sorted and
 * absent fields left out, so that a request keeps its hash when its message gets a new optional field.
 */
export function requestHash(request: object): Uint8Array<ArrayBuffer> {
  const fields = Object.entries(request).filter(([, value]) => value !== undefined);
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return new Uint8Array(createHash('sha256').update(JSON.stringify(fields)).digest());
}

/** Whether a record was made by this request: `hash` is what was stored with it, null where it had no `request_id`. */
export const isRequestOf = (hash: Uint8Array | null, request: object): boolean =>
  hash !== null && Buffer.compare(hash, requestHash(request)) === 0;
