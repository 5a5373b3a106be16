import type { Metadata } from '@grpc/grpc-js';
import { CallError } from '../errors/call-error.js';

/**
 * Longer tokens are refused unread: the longest that a client has reason to send is a fraction of this. Whoever needs less
 * sets MAX_METADATA_BYTES, which counts them, too.
 */
export const MAX_TOKEN_LENGTH = 8192;
const COMPACT_JWS = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i;

/**
 * The credentials that came with a call, as they were sent.
 *
 * @throws CallError CREDENTIALS_MISSING, CREDENTIALS_INVALID
 */
export function authorizationOf(metadata: Metadata): string {
  const given = metadata.get('authorization');
  const binary = metadata.get('authorization-bin');
  if (given.length === 0 && binary.length === 0) {
    throw new CallError('CREDENTIALS_MISSING', 'send a bearer token in the authorization metadata');
  }
  const [value] = given;
  if (given.length !== 1 || binary.length > 0 || typeof value !== 'string' || value.length > MAX_TOKEN_LENGTH) {
    throw invalidCredentials();
  }
  return value;
}

/**
 * The token in credentials (RFC 6750, 2.1).
 *
 * @throws CallError CREDENTIALS_INVALID
 */
export function bearerToken(authorization: string): string {
  const token = COMPACT_JWS.exec(authorization)?.[1];
  if (token === undefined) throw invalidCredentials();
  return token;
}

/** The answer to credentials that are no good. It does not help to find better ones. */
export function invalidCredentials(cause?: unknown): CallError {
  return new CallError('CREDENTIALS_INVALID', 'the credentials are not valid', { cause });
}
