import { X509Certificate } from 'node:crypto';
import type { Gate } from '../server/admission.js';
import { invalidCredentials } from './bearer-token.js';

/**
 * Lets the other service pass alone: TLS has verified the certificate, here its name is looked at. A subject's common
 * name does not count (RFC 9525), nor does a wildcard.
 */
export function requirePeer(name: string): Gate {
  return (arrival) => {
    const { sslPeerCertificate } = arrival.connection.getAuthContext();
    if (!sslPeerCertificate || !isNamed(sslPeerCertificate.raw, name)) throw invalidCredentials(new Error('peer name'));
    arrival.identity = { kind: 'service', name };
  };
}

const isNamed = (certificate: Buffer, name: string): boolean =>
  new X509Certificate(certificate).checkHost(name, { subject: 'never', wildcards: false }) !== undefined;
