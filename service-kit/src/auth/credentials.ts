import { X509Certificate } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import type { Identity } from '../call/call.js';
import type { IncomingCall } from '../call/incoming-call.js';
import { DomainError } from '../errors/domain-error.js';

/** Longer tokens are refused unread: the longest that a client has reason to send is a fraction of this. */
export const MAX_TOKEN_LENGTH = 8192;
const COMPACT_JWS = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i;

/**
 * The bearer token of a call (RFC 6750, 2.1).
 *
 * @throws DomainError CREDENTIALS_MISSING, CREDENTIALS_INVALID
 */
export function bearerToken(metadata: Metadata): string {
  const given = metadata.get('authorization');
  const binary = metadata.get('authorization-bin');
  if (given.length === 0 && binary.length === 0) {
    const message = 'send a bearer token in the authorization metadata';
    throw new DomainError('UNAUTHENTICATED', 'CREDENTIALS_MISSING', message);
  }
  const [value] = given;
  const isOne = given.length === 1 && binary.length === 0 && typeof value === 'string';
  const token = isOne && value.length <= MAX_TOKEN_LENGTH ? COMPACT_JWS.exec(value)?.[1] : undefined;
  if (token === undefined) throw invalidCredentials();
  return token;
}

/** The error of credentials that are not valid. It does not help to find valid ones. */
export const invalidCredentials = (cause?: unknown) =>
  new DomainError('UNAUTHENTICATED', 'CREDENTIALS_INVALID', 'the credentials are not valid', { cause });

/**
 * The peer service that the call's client certificate names. TLS has verified the certificate; a subject's common name does
 * not count (RFC 9525), nor does a wildcard.
 *
 * @throws DomainError CREDENTIALS_INVALID for a peer that is not in the list
 */
export function peerIdentity({ connection }: IncomingCall, names: readonly string[]): Identity {
  const { sslPeerCertificate } = connection.getAuthContext();
  const certificate = sslPeerCertificate && new X509Certificate(sslPeerCertificate.raw);
  const name = names.find((one) => certificate?.checkHost(one, { subject: 'never', wildcards: false }) !== undefined);
  if (!certificate || name === undefined) throw invalidCredentials(new Error('peer name'));
  return { kind: 'service', name };
}
