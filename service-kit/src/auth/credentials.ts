import { X509Certificate } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import type { Call, Identity } from '../call/call.js';
import { DomainError } from '../errors/domain-error.js';

/** Longer tokens are refused unread. */
export const MAX_TOKEN_LENGTH = 8192;
const COMPACT_JWS = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i;

/**
 * The bearer token of a call (RFC 6750, 2.1).
 *
 * @throws DomainError CREDENTIALS_MISSING, CREDENTIALS_INVALID
 */
export function bearerToken(metadata: Metadata): string {
  const values = [...metadata.get('authorization'), ...metadata.get('authorization-bin')];
  const [value] = values;
  if (value === undefined) {
    const message = 'send a bearer token in the authorization metadata';
    throw new DomainError('UNAUTHENTICATED', 'CREDENTIALS_MISSING', message);
  }
  const isOneText = values.length === 1 && typeof value === 'string' && value.length <= MAX_TOKEN_LENGTH;
  const token = isOneText ? COMPACT_JWS.exec(value)?.[1] : undefined;
  if (token === undefined) throw invalidCredentials();
  return token;
}

/** The error of invalid credentials. It does not say what is wrong with them; the cause is for the log. */
export const invalidCredentials = (cause?: unknown) =>
  new DomainError('UNAUTHENTICATED', 'CREDENTIALS_INVALID', 'the credentials are not valid', { cause });

/**
 * The peer service that the client certificate names. TLS has verified the certificate. Its common name does not count
 * (RFC 9525), nor do wildcards.
 *
 * @throws DomainError CREDENTIALS_INVALID for a peer that is not in the list
 */
export function peerIdentity({ connection }: Call, names: readonly string[]): Identity {
  const { sslPeerCertificate } = connection.getAuthContext();
  const certificate = sslPeerCertificate && new X509Certificate(sslPeerCertificate.raw);
  const name = names.find((one) => certificate?.checkHost(one, { subject: 'never', wildcards: false }));
  if (name === undefined) throw invalidCredentials(new Error('peer name'));
  return { kind: 'service', name };
}
